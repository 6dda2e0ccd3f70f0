/*
 * hostagent/commands.c - commands in the guest without SSH: who asks on ha.sock has a tunnel to the guest agent's runner from then on.
 *
 * What is said there (guest/wire/exec_frame.h) is limactl's and the guest's, and passed on unread. Only who may use ha.sock can ask, who may
 * also log in as anybody with the instance's key.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/mem.h"
#include "guest/wire/ga_client.h"
#include "guest/wire/ga_msg.h"
#include "hostagent/agent.h"
#include "hostagent/forward/conn.h"
#include "hostagent/forward/transport.h"
#include "hostagent/http.h"

enum { MAX_COMMANDS = 64 };

static const char switching[] = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: lima-exec\r\n\r\n";

struct commands {
	struct conn_list conns;	/* first: it is known by this */
	bool closed;
};

static void
commands_free_if_done(struct conn_list *l)
{
	struct commands *k = (struct commands *)l;

	if (k->closed && !l->n)
		free(k);
}

static struct commands *
commands_of(struct agent *a)
{
	if (!a->commands) {
		a->commands = xcalloc(1, sizeof *a->commands);
		a->commands->conns = (struct conn_list){ .agent = a, .gone = commands_free_if_done };
	}
	return a->commands;
}

/* The answer goes into a buffer that is empty yet. */
static void
commands_begin(struct agent *a, int stream)
{
	auto_close int fd = stream;
	struct conn *c;

	if (fd < 0 || write(fd, switching, sizeof switching - 1) != (ssize_t)(sizeof switching - 1))
		return;
	c = conn_new(&commands_of(a)->conns, false);
	if (uv_pipe_open((uv_pipe_t *)conn_stream(c), steal_fd(fd)) < 0) {
		conn_close(c);
		return;
	}
	conn_ends_whole(c);
	conn_use(c, transport_exec(a, &conn_user, c));
}

void
commands_ask(struct agent *a, struct http_conn *c)
{
	struct ga_client *client = ga_alive(a);

	if (a->phase == PHASE_STOPPING)
		http_refuse(c, 503, "the machine stops");
	else if (!client)
		http_refuse(c, 503, "the guest agent is not there, or not just now");
	else if (!(ga_client_features(client) & GA_EXEC))
		http_refuse(c, 501, "the guest agent is of another version, and runs no commands");
	else if (commands_of(a)->conns.n >= MAX_COMMANDS)
		http_refuse(c, 503, "too many commands at once");
	else
		commands_begin(a, http_take(c));
}

void
commands_free(struct agent *a)
{
	struct commands *k = steal(a->commands);

	if (!k)
		return;
	k->closed = true;
	conn_close_all(&k->conns);
	commands_free_if_done(&k->conns);
}
