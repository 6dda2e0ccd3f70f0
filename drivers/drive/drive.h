/*
 * drivers/drive/drive.h - lima-drive: the process between lima and the driver of somebody else.
 *
 * It starts that program, speaks gRPC with it (upstream's protocol) and keeps the rules: a bound for each answer's length and time,
 * for the log, for what a stream may say. Whatever the driver does, it does to this process, which is one machine's. To limactl and
 * the host agent it is the machine: it has the lock on external.pid, and takes lines on its control socket.
 *
 *	main.c		words of the command line, the loop, the end
 *	child.c		the driver's process, and what it writes
 *	talk.c		the connection; calls with a deadline
 *	order.c		which call follows which, until the machine runs and until it is gone
 *	control.c	lines of limactl and the host agent
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/process.h"
#include "guest/wire/grpc.h"

struct drive;
struct error;

/* `e` NULL: this was the answer, valid during the call. */
typedef void drive_done(struct drive *d, const struct error *e, const uint8_t *p, size_t len);

enum { DRIVE_CALLS = 4, DRIVE_CLIENTS = 8 };

struct drive_call {
	struct drive *d;
	struct grpc_stream *stream;	/* NULL: the place is free */
	const char *method;
	int ms;
	long long deadline;
	struct buf answer;
	unsigned answers;
	drive_done *done;
};

struct drive_client {
	int fd;
	char line[256];
	size_t len;
	bool waits;		/* for the command that is being asked */
	bool waits_up;		/* for the machine to be up */
};

struct drive {
	const char *name, *program, *dir, *instance, *pidfile, *control;
	bool validates;		/* and no more: there is no machine */
	int patience_ms;	/* no call may take longer; 0: each as it is */

	struct process driver;
	char *drv_pid, *drv_sock;
	int log;		/* what the driver writes */
	size_t logged;

	int fd;			/* the connection; -1 */
	struct grpc_conn *conn;
	long long connect_by;
	struct drive_call calls[DRIVE_CALLS];
	struct buf config;	/* of the instance */

	size_t step;		/* of order.c */
	struct drive_call starting;	/* its stream */
	unsigned told;		/* by that stream */
	bool up, asked_to_stop;

	int listener;
	struct drive_client client[DRIVE_CLIENTS];
	size_t nclients;
	const struct drive_command *asking;

	bool over;
	int status;		/* to end with */
};

/* What a stranger wrote is for a terminal: a line's end stays, and what is not printable is a question mark. */
static inline char
drive_printable(char c)
{
	return c == '\n' || (c >= ' ' && c < 127) ? c : '?';
}

/* Says why, and that is the end. The text of a stranger is made printable. */
void drive_fail(struct drive *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* child.c */
int drive_child_start(struct drive *d, struct error *err);
void drive_child_read(struct drive *d);		/* some of what it writes */
bool drive_child_gone(struct drive *d);		/* says how, unless that was wanted */
void drive_child_end(struct drive *d);		/* SIGTERM, SIGKILL; and its files */

/* talk.c */
void drive_connect(struct drive *d);		/* tries once */
void drive_read(struct drive *d);
void drive_flush(struct drive *d);
int drive_call(struct drive *d, const char *method, int ms, const char *arg, size_t len, drive_done *done, struct error *err);
void drive_look_at_calls(struct drive *d);	/* is one late? */
int drive_bounded(const struct drive *d, int ms);
int drive_start(struct drive *d, int ms, struct error *err);	/* order.c hears of it */
void drive_hang_up(struct drive *d);

/* order.c */
void drive_connected(struct drive *d);
void drive_started(struct drive *d, const struct error *e);
void drive_heard(struct drive *d, bool success, const char *why);

/* control.c */
int drive_listen(struct drive *d, struct error *err);
void drive_accept(struct drive *d);
void drive_client_read(struct drive *d, size_t i);
void drive_up(struct drive *d);
