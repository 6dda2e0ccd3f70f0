/* base/utf8.h - one character of UTF-8 at a time. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One character from UTF-8: its length in bytes, 1 to 4, and the code point; for a byte
 * that begins no character: 1 and 0xFFFD with *bad set.
 */
size_t utf8_next(const char *s, uint32_t *rune, bool *bad);
/* Would Go print it (unicode.IsPrint)? Letters, marks, numbers, symbols and the ASCII blank. */
bool utf8_printable(uint32_t rune);
/* The character's bytes, 1 to 4 of them; of a code point that is none, 0xFFFD's. */
size_t utf8_put(char out[4], uint32_t rune);
