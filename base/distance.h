/* base/distance.h - how far a misspelt word is from one that is known. */
#pragma once
#include <stddef.h>

/* Levenshtein's distance without regard to case; 1000 where a word is longer than any name (63). */
size_t word_distance(const char *a, size_t alen, const char *b, size_t blen);
