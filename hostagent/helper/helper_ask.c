/* hostagent/helper/helper_ask.c - the agent's side: a question, and its answer. */
#include "hostagent/helper/helper.h"

#include <errno.h>
#include <string.h>

#include "hostagent/agent.h"
#include "hostagent/helper/message.h"
#include "hostagent/protocol/sshfs.h"

/* The answer's r. */
static int
helper_ask(struct agent *a, const struct request *q, const int *fds, int *status, struct error *err)
{
	struct answer answer;
	int none[2];

	if (message_send(a->helper, q, sizeof *q, fds) < 0 ||
	    message_receive(a->helper, &answer, sizeof answer, none) < 0)
		return error_set(
			err, EPIPE,
			"the host agent's helper has ended: nothing can be started any more; restart the instance");
	if (answer.r < 0 && err)
		*err = answer.error;
	if (status)
		*status = answer.status;
	return answer.r;
}

pid_t
helper_machine(struct agent *a, struct error *err)
{
	return helper_ask(a, &(struct request){.what = START_MACHINE}, NULL, NULL, err);
}

pid_t
helper_companion(struct agent *a, size_t i, struct error *err)
{
	return helper_ask(a, &(struct request){.what = START_COMPANION, .index = i}, NULL, NULL, err);
}

pid_t
helper_server(struct agent *a, const struct sshfs_mount *m, const int fds[2], struct error *err)
{
	struct request q = {
		.what = START_SERVER, .writable = m->writable, .follow = m->follow_symlinks, .openssh = m->openssh};

	if (strlen(m->location) >= sizeof q.location)
		return error_set(err, ENAMETOOLONG, "%.200s...: too long", m->location);
	memcpy(q.location, m->location, strlen(m->location));
	return helper_ask(a, &q, fds, NULL, err);
}

/* With a name, and a descriptor or none (-1). */
static int
helper_ask_by_name(struct agent *a, enum what what, const char *name, int fd, struct error *err)
{
	struct request q = { .what = what };

	if (strlen(name) >= sizeof q.location)
		return error_set(err, ENAMETOOLONG, "%.200s...: too long", name);
	memcpy(q.location, name, strlen(name));
	return helper_ask(a, &q, fd < 0 ? NULL : (int[]){ fd, fd }, NULL, err);
}

int
helper_remove_socket(struct agent *a, int dir, const char *name, struct error *err)
{
	return helper_ask_by_name(a, REMOVE_SOCKET, name, dir, err);
}

int
helper_remove_file(struct agent *a, const char *name, struct error *err)
{
	return helper_ask_by_name(a, REMOVE_FILE, name, -1, err);
}

int
helper_place_socket(struct agent *a, struct error *err)
{
	return helper_ask_by_name(a, PLACE_SOCKET, "", -1, err);
}

int
helper_sweep(struct agent *a, struct error *err)
{
	return helper_ask_by_name(a, SWEEP, "", -1, err);
}

int
helper_store_copy(struct agent *a, const char *host, int fd, struct error *err)
{
	return helper_ask_by_name(a, STORE_COPY, host, fd, err);
}

int
helper_remove_copy(struct agent *a, const char *host, struct error *err)
{
	return helper_ask_by_name(a, REMOVE_COPY, host, -1, err);
}

int
helper_write_file(struct agent *a, const char *name, const char *text, struct error *err)
{
	struct request q = { .what = WRITE_FILE };

	if (strlen(name) >= sizeof q.location || strlen(text) >= sizeof q.text)
		return error_set(err, ENAMETOOLONG, "%.100s: too long", name);
	memcpy(q.location, name, strlen(name));
	memcpy(q.text, text, strlen(text));
	return helper_ask(a, &q, NULL, NULL, err);
}

int
helper_signal(struct agent *a, pid_t pid, int sig, struct error *err)
{
	return helper_ask(a, &(struct request){.what = SIGNAL, .pid = pid, .sig = sig}, NULL, NULL, err);
}

int
helper_reap(struct agent *a, pid_t pid, int *status)
{
	return helper_ask(a, &(struct request){.what = REAP, .pid = pid}, NULL, status, NULL);
}

void
helper_end_companion(struct agent *a, size_t i)
{
	helper_ask(a, &(struct request){.what = END_COMPANION, .index = i}, NULL, NULL, NULL);
}
