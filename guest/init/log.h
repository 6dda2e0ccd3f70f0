/*
 * guest/init/log.h - what happened during the boot: to the console and /var/log/lima-init.log.
 *
 * Each line carries the time since power-on of the kernel, so that the log is also
 * the profile of the boot. The last lines on the serial console are what a host shows
 * when a guest does not come up: say what failed and what follows from it.
 */
#pragma once
#include <stddef.h>
#include <sys/types.h>

struct buf;

void log_console(void);		/* (re)opens /dev/console, as descriptors 0 to 2 too */
void log_file(const char *path);	/* from now on into this file as well; the previous one is kept as PATH.old */
void log_close(void);		/* the file, so that its file system can be unmounted */
void init_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void say_errno(const char *fmt, ...) __attribute__((format(printf, 1, 2)));	/* ": strerror(errno)" behind it */
/*
 * Where the programs that we run write to: the file, or the console as long as there
 * is none. A program that stays in the background keeps its descriptor, and nobody
 * waits for it.
 */
int log_fd(void);
/* What came into the file behind `from` (a size seen earlier) goes to the console too, the last of it. */
long log_size(void);
void log_echo(long from);
void log_since(long from, struct buf *out);
/* The end of that as one line, " | " between the lines it was; "" for nothing. */
void log_tail(long from, char *out, size_t size);
