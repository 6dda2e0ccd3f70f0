/* base/size.h - sizes in bytes, as people write and read them (binary units). */
#pragma once
#include <stdint.h>

struct arena;
struct error;

/*
 * "4GiB", "1.5 g", "1024": a decimal number, optionally a blank, optionally a unit in any
 * case; k, kb and kib are all 1024. lima-vm/lima takes sizes by docker/go-units: RAMInBytes.
 */
int size_parse(uint64_t *bytes, const char *s, struct error *err);
/* The largest binary unit that is at least 1, four significant digits: "4GiB", "1.5GiB", "1.907MiB". */
const char *size_text(struct arena *a, uint64_t bytes);
