/* tests/fuzz/fuzz.h - of every target: libFuzzer calls the function below with inputs of its choice. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
