/*
 * hostagent/agent.h - the process that stands beside a running instance.
 *
 * One event loop, one thread, no call that waits. The parts know each other by
 * the functions below only; each keeps its own state behind a pointer:
 *
 *	main.c		words of the command line, pid file, loop
 *	agent.c		phases: starting, running, degraded, stopping; the order of things
 *	log.c events.c	what it says: ha.stderr.log, ha.stdout.log
 *	confinement.c	what it gives up before it reads what a guest says
 *	helper.c	the process that starts and signals others; child.c how a program is started, server_words.c a folder's server
 *	machine.c	the process of the machine: started or taken over, watched, stopped; runtime.h what a driver knows of it
 *	own_files.c	what it writes and removes in the instance's folder, or its helper does
 *	companions.c	what is started before it: virtiofsd, swtpm
 *	mux.c		the one SSH connection, kept up
 *	console.c	what the guest's console says of a boot that fails, and how far one is (boot_words.c); standstill.c what the machine knows of one that says nothing
 *	readiness.c	what must be so before the guest is called ready (readiness_checks.c), conditions.c the same for who asks
 *	dns_service.c	the guest's name server (dns.h)
 *	clock.c		tells when the guest's clock must be set at once
 *	mounts.c	folders of the host by sshfs; mount_sshfs.c one of them, mount_server.c relay.c confine.c sftpd/ its parts
 *	folder_watch.c	what changes in them; change_queue.c tells the guest
 *	copy.c		files of the guest that are wanted on the host
 *	ga.c		the connection to the guest agent
 *	forwards.c	the rules, by name; ports.c what becomes of the guest's ports by them (match.c)
 *	listeners.c	addresses on the host; forward_tcp.c forward_udp.c their listeners and connections
 *	conn.c		a connection; transport_*.c its ways into the guest (transport.h); reverse.c those that come out of it
 *	http.c api.c info.c	ha.sock; commands.c commands in the guest, for who asks there
 *	tail.c trim.c	ends of logs for messages; memory given back
 *	logs.c		logs that a guest floods
 *
 * A kill -9 of this process must leave nothing that the next one cannot take
 * over: so nothing of the guest's life hangs on a descriptor of ours.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <uv.h>
#include "base/error.h"
#include "base/guarded.h"
#include "hostagent/forward/ports.h"
#include "providers/launch.h"

struct api;
struct cJSON;
struct copies;
struct commands;
struct guest_files;
struct http_conn;
struct clock;
struct companions;
struct ends;
struct boot_words;
struct console;
struct forwards;
struct ga;
struct logs;
struct machine_run;
struct mounts;
struct mux;
struct names;
struct ports;
struct require;
struct runtime;
struct standstill;

enum phase { PHASE_STARTING, PHASE_RUNNING, PHASE_DEGRADED, PHASE_STOPPING };

struct agent {
	uv_loop_t loop;		/* first: a handle's loop leads to the agent */
	struct launch launch;
	const char *name, *socket_path, *pidfile_path, *launch_path;

	enum phase phase;
	long long since_ms;		/* of the phase; Unix time */
	struct agent_error {
		char *id, *text;
	} *errors;			/* why degraded, or why it ended */
	size_t nerrors, errors_cap;
	int exit_status;

	bool confine;		/* hostagent/confinement.h, once the helper is there */
	int helper; /* a socket: hostagent/helper/helper.h */
	int helper_pid;
	const struct runtime *runtime;	/* the driver's half here */
	struct machine_run *machine;
	struct companions *companions;	/* while they are waited for */
	struct mux *mux;
	struct require *require;
	struct copies *copies;
	struct guest_files *guest_files;
	struct commands *commands;
	struct ga *ga;
	struct console *console;
	struct standstill *standstill;
	char *still;			/* why the machine does not run its guest, when somebody asked last; NULL: it does */
	struct forwards *forwards;
	struct names *names;
	struct clock *clock;
	struct logs *logs;
	struct mounts *mounts;
	size_t folders_watched;		/* for mountInotify, of all mounts */
	struct ports *ports;
	struct ends *ends;
	struct api *api;
	uv_signal_t signals[2];
	char chunk[64 * 1024];		/* what was read last, by whomever, until he returns */
};

/* agent.c */
void agent_signals(int how);	/* SIG_BLOCK those that end it, from before there is anything to leave behind; it unblocks them */
int agent_run(struct agent *a, struct error *err);
/* For reads whose bytes are passed on before the next one: a->chunk. */
void agent_chunk(uv_handle_t *h, size_t size, uv_buf_t *b);
void agent_machine_up(struct agent *a);
/* The machine is gone; `why` NULL: as it should. Everything is taken down, and the loop ends. */
void agent_machine_gone(struct agent *a, const char *why);
void agent_ready(struct agent *a);			/* also after having been degraded */
/*
 * Something that the guest could do without does not work, by a name of the caller's: "mount /x".
 * One text a name; `why` NULL: it works again. The phase follows, once the guest has booted.
 */
void agent_trouble(struct agent *a, const char *id, const char *why);
void agent_degraded(struct agent *a, const char *why);
void agent_waits_again(struct agent *a);			/* a guest that was late is booting again, to those who ask */
const char *agent_phase_name(enum phase p);

struct cJSON *agent_info(struct agent *a);	/* info.c */

/* own_files.c: in the instance's folder, by the helper where we may not; what is absent is removed already */
int own_file_write(struct agent *a, const char *name, const char *text, struct error *err);
int own_file_remove(struct agent *a, const char *path, struct error *err);
int own_socket_place(struct agent *a, const char *made, const char *path, struct error *err);	/* of the API: under its name */
int own_files_sweep(struct agent *a, struct error *err);	/* runtime.h: sweep */

/* standstill.c: of a guest that has booted. What is known then is in a->still. */
void standstill_tell(struct agent *a, const char *why);

/* log.c: a JSON line each; levels as logrus names them */
enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };
void log_at(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
#define log_debug(...)	 log_at(LOG_DEBUG, __VA_ARGS__)
#define log_info(...)	 log_at(LOG_INFO, __VA_ARGS__)
#define log_warning(...) log_at(LOG_WARNING, __VA_ARGS__)
#define log_error(...)	 log_at(LOG_ERROR, __VA_ARGS__)
/* One line of JSON to a descriptor, with <, > and & escaped as Go does it. Takes `json`. */
void log_write_json(int fd, struct cJSON *json);

/* events.c */
void event_booting(struct agent *a);
void event_running(struct agent *a);	/* with the errors, if it is degraded */
void event_exiting(struct agent *a);
/* Of a port: "forwarding", "not-forwarding", "stopping", "failed"; "" where there is none. */
void event_forward(struct agent *a, const char *type, const char *proto, const char *guest, const char *host, const char *error);

/* companions.c */
void companions_start(struct agent *a, void (*ready)(struct agent *a, const struct error *e));	/* e NULL: all listen */
void companions_end(struct agent *a);	/* and what they leave behind */

/* machine.c */
struct process;
void machine_prepare(struct agent *a);	/* removes what one before has left, with the helper there and the agent not confined */
void machine_find(struct agent *a);	/* one that runs already: before anything else, and before the agent is confined */
struct process machine_process(const struct agent *a);	/* borrowed; pid 0: there is none */
void machine_start(struct agent *a);	/* agent_machine_up() or agent_machine_gone() follows */
void machine_stop(struct agent *a);	/* begins; agent_machine_gone() ends it */
int machine_pid(const struct agent *a);
bool machine_ours(const struct agent *a);	/* false: taken over from an agent that was killed */
void machine_free(struct agent *a);

/*
 * mux.c: those who use the connection. `step` is called whenever something may
 * have changed; `lost` when the connection ended: its channels die with the
 * return. Both may add and remove any user.
 */
struct ssh_link;
struct mux_user {
	void (*step)(struct mux_user *u, struct ssh_link *l);
	void (*lost)(struct mux_user *u, const struct error *why);
	struct mux *mux;		/* private */
	struct mux_user *next, **back;
};
void mux_start(struct agent *a);
void mux_free(struct agent *a);
void mux_add(struct agent *a, struct mux_user *u);	/* its first step comes from the loop */
void mux_remove(struct mux_user *u);			/* not in the list: nothing happens */
void mux_kick(struct agent *a);				/* everybody's step, from the loop */
struct ssh_link *mux_link(struct agent *a);		/* NULL: none just now */
void mux_reconnect(struct agent *a, const char *why);	/* the other end has forgotten this connection */
void mux_touched(struct agent *a);			/* after using channels outside of step() */
const char *mux_trouble(struct agent *a);		/* why there is no connection; "" */

/* readiness.c */
void require_start(struct agent *a);
void require_copies_done(struct agent *a);		/* or tried */
void require_agent_up(struct agent *a);			/* the guest agent has answered */
/* It says how far the boot is, which counts for some machines (ready/readiness_told.h). */
struct ga_boot;
struct ga_ports;
void require_boot_told(struct agent *a, const struct ga_boot *boot);
void require_ports_told(struct agent *a, const struct ga_ports *added);
void require_untold(struct agent *a);			/* it says nothing of that */
const char *require_waiting_for(struct agent *a);	/* "" when all is there */
struct cJSON *require_list(struct agent *a);		/* all of it, as GET /v1/conditions answers; NULL: nothing is waited for */
size_t require_settled_count(struct agent *a);		/* how many of these are met, or failed */
void require_reload(struct agent *a, const struct launch *l);	/* other probes, while the guest is waited for */
bool require_only_scripts(const struct agent *a);	/* is all that is wrong that scripts of `provision` have failed in the boot? */
bool require_usable(struct agent *a);			/* what is essential is there, or will never be */
/* Who waits for it has come anew: the time for booting counts from now, and a guest that was late is waited for again. */
void require_wait_anew(struct agent *a, int timeout_ms);
void require_free(struct agent *a);

/* logs.c */
void logs_start(struct agent *a);
void logs_free(struct agent *a);

/* clock.c */
void clock_start(struct agent *a);
void clock_free(struct agent *a);

/* dns_service.c */
void names_start(struct agent *a);
void names_reload(struct agent *a, const struct launch *l);	/* with what `l` says from now on */
int names_port(const struct agent *a);			/* 0: nobody answers there */
void names_free(struct agent *a);
/* copy.c */
void copies_start(struct agent *a);			/* once; its end is told to readiness.c */
void copies_reload(struct agent *a, const struct launch *l);	/* with those of `l` from now on */
/* ready/guest_files.c: answers what that file of the guest is; and one who asked has gone */
void guest_files_ask(struct agent *a, struct http_conn *c, const char *path);
void guest_files_forget(struct agent *a, const struct http_conn *c);
void guest_files_free(struct agent *a);
/* commands.c: his connection is one to a command in the guest from then on, or he is told why not */
void commands_ask(struct agent *a, struct http_conn *c);
void commands_free(struct agent *a);
void copies_free(struct agent *a);			/* and away with those that go with the machine */

/* ga.c */
struct ga_client;
void ga_start(struct agent *a);
void ga_free(struct agent *a);
struct ga_client *ga_alive(struct agent *a);		/* NULL: not just now */
void ga_reconnect(struct agent *a, const char *why);
void ga_sync_clock(struct agent *a);			/* now, if it is there; when it comes back, anyhow */
void ga_flush(struct agent *a);				/* after using the client */
void ga_pause_events(struct agent *a, bool paused);

/* console.c: looks for words by which a guest says that it will not come up; until it is ready after all */
void console_start(struct agent *a);
void console_free(struct agent *a);
uint64_t console_moved(const struct agent *a);	/* when the guest last said something new, in the loop's time; 0: never */
uint64_t console_wrote(const struct agent *a);	/* and anything */
const struct boot_words *console_words(const struct agent *a);	/* how far it says that its boot is (machine/boot_words.h) */
bool console_told(const struct agent *a);	/* that the guest will not come up */
const char *console_verdict(const char *line);	/* what such a line means; NULL: nothing */

/* standstill.c: asks a machine whose guest is silent whether it runs at all; until the guest is ready */
void standstill_start(struct agent *a);
void standstill_free(struct agent *a);

/* forwards.c */
struct forward_rule;
int forwards_put(struct agent *a, const char *id, const struct cJSON *rule, struct error *err);
bool forwards_delete(struct agent *a, const char *id);	/* was it there? */
struct cJSON *forwards_list(struct agent *a);
void forwards_free(struct agent *a);
void forwards_agent_up(struct agent *a);		/* the guest agent has answered */

/* mounts.c */
void mounts_start(struct agent *a);			/* of those that are devices of the machine */
int mounts_put(struct agent *a, const char *id, const struct cJSON *mount, struct error *err);
void mounts_delete(struct agent *a, const char *id);	/* begins; it is in the list until it is gone */
/* "mounted", "failed: WHY"; NULL: not known yet. `*there`: is there one of that name? */
const char *mounts_state(struct agent *a, const char *id, bool *there);
struct cJSON *mounts_list(struct agent *a);
bool mounts_busy(struct agent *a);			/* is one of them not settled? */
void mounts_reload(struct agent *a, const struct launch *l);	/* with the folders that `l` says the guest writes */
/* All folders that the guest can write, as they are now; to guarded_release() soon. */
struct guarded mounts_guarded(struct agent *a);
void mounts_guard_launch(const struct launch *l, struct guarded *g);	/* those that launch.json tells of */
void mounts_free(struct agent *a);
struct ga_port;
struct endpoint;
/* What is to become of a port of the guest: nothing, and not a word of it; nothing; a forward to `host`. */
enum forwards_verdict { FORWARDS_QUIET, FORWARDS_NOT, FORWARDS_TO };
enum forwards_verdict forwards_judge(struct agent *a, const struct ga_port *p, struct endpoint *host);

/* api.c */
int api_start(struct agent *a, struct error *err);
void api_phase_changed(struct agent *a);	/* answers those who wait for it */
void api_mounts_changed(struct agent *a);
void api_conditions_changed(struct agent *a);	/* the same, of what a guest is waited for with */
void api_free(struct agent *a);

/* trim.c: when there is nothing left to do but wait */
void trim_memory(void);

/* tail.c: the last lines of a log, fit for a message: at most `max` bytes, no control characters; to free */
char *tail_text(const char *path, size_t max);
/* Without escape sequences, control characters and empty lines: a guest wrote it. */
struct buf;
void tail_clean(const char *p, size_t n, struct buf *out);
/* the same of the guest's console that spoke last; "" */
char *tail_serial(const struct agent *a);
void tail_add_serial(const struct agent *a, struct buf *why);	/* the same, behind what went wrong: each line with HA_CONSOLE (ha_client.h) */
