/* guest/agent/log.h - lines on stderr, which systemd and OpenRC keep. */
#pragma once
#include <stdbool.h>

void log_debug_on(void);
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
