/* providers/drivers/qemu/accel_probe.h - the questions behind accel_choose(), each by itself, for tests. */
#pragma once
#include <stdbool.h>

struct accel_choice;

/* By the text of /proc/cpuinfo. */
bool accel_cpu_can(const char *cpuinfo, const char *host_arch);
/* By the device; fills `reason` if not. */
bool accel_device_can(const char *path, struct accel_choice *out);
/* Exit status of f(arg) in a child; -1: it did not end in time, or by itself. */
int accel_within(void (*f)(const char *), const char *arg, int timeout_ms);
