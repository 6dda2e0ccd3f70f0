/*
 * providers/drivers/qemu/qmp.h - QEMU's control socket, one command at a time.
 *
 * QEMU serves one client at once, so a connection is made, used and closed.
 * What comes back is checked like a stranger's: at most 1 MiB a line, events are
 * skipped, and everything has to be there before the deadline.
 */
#pragma once
#include <stddef.h>

struct buf;
struct cJSON;
struct error;

/* What a line from QEMU is. */
enum qmp_kind { QMP_GREETING, QMP_RETURN, QMP_ERROR, QMP_EVENT, QMP_BAD };

struct qmp_line {
	enum qmp_kind kind;
	struct cJSON *json;	/* the whole line; to cJSON_Delete() */
	const char *text;	/* name of the event, or description of the error; "" */
};
struct qmp_line qmp_classify(const char *line, size_t len);
#define QMP_MAX_LINE (1 << 20)

/*
 * Connect, greet, execute, disconnect. `args` is a JSON object or NULL. The
 * value of "return" goes to `*out` (to cJSON_Delete()) unless out is NULL.
 * `timeout_ms` is for all of it. ECONNREFUSED, ENOENT: nobody there.
 */
int qmp_execute(const char *socket, const char *command, const char *args, int timeout_ms,
		struct cJSON **out, struct error *err);
/* The same of the machine in the folder `dir`. */
int qmp_ask(const char *dir, const char *command, const char *args, int timeout_ms, struct cJSON **out, struct error *err);
/* The same, with a descriptor that goes with it, and stays the caller's: `getfd`. -1: none. */
int qmp_execute_with(const char *socket, const char *command, const char *args, int with, int timeout_ms, struct cJSON **out,
		     struct error *err);
/*
 * Several on one connection: what QEMU keeps for a connection, as a descriptor that nothing has opened yet, is there for the next. The
 * first that fails is the last. `timeout_ms` is for all of them.
 */
struct qmp_step {
	const char *command, *args;
	int with;			/* as above; -1: none */
	const char *event, *device;	/* then that event about that device is waited for, too: ETIMEDOUT; NULL: none */
};
int qmp_execute_steps(const char *socket, const struct qmp_step *v, size_t n, int timeout_ms, struct error *err);
/*
 * A command of the human monitor. Its failures come back as text in a successful
 * reply: `out` gets that text, whatever it says.
 */
int qmp_human(const char *socket, const char *command_line, int timeout_ms, struct buf *out, struct error *err);
