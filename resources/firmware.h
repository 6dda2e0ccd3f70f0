/* resources/firmware.h - does lima.yaml name firmware for this machine? Then it is in $I/qemu-efi-code.fd, as with upstream. */
#pragma once
#include <stdbool.h>

struct spec;

#define FIRMWARE_FILE "qemu-efi-code.fd"

bool firmware_listed(const struct spec *spec);
