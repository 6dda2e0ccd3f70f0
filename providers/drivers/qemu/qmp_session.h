/*
 * providers/drivers/qemu/qmp_session.h - one command on QEMU's control socket, as a machine of states without a socket.
 *
 * Greeting, capabilities, the command, its answer. Bytes go in as they come, words to be written come out; whoever has
 * the socket waits on it (qmp.c) or has a loop (hostagent/drivers/qemu/qmp.c). What comes is checked like a stranger's.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"

struct cJSON;
struct error;

struct qmp_session {
	char *command;		/* the line to be executed */
	int answers;		/* that have come: greeting, capabilities, the command's */
	struct buf in;		/* received, not yet a whole line */
	struct cJSON *answer;	/* the value of "return"; the session's */
	const char *event, *device;	/* an event that is waited for, about that device; borrowed. NULL: none */
	bool seen;			/* it has come: before the answer, or behind it */
};

/* `args` is a JSON object or NULL. */
struct qmp_session qmp_session(const char *command, const char *args);
void qmp_session_release(struct qmp_session *s);
/* Another command on the same connection, behind the answer to the last one: its line is to be written. */
void qmp_session_next(struct qmp_session *s, const char *command, const char *args);
/*
 * Takes what has been received. 1: `answer` is there; 0: more must come, and *say, unless NULL, is to be written first;
 * -1: EIO with QEMU's own words, or EPROTO. Call again with n = 0 until *say is NULL: several lines may have come at once.
 */
int qmp_session_feed(struct qmp_session *s, const char *p, size_t n, const char **say, struct error *err);
