/*
 * providers/launch.h - what limactl tells the host agent: DIR/launch.json.
 *
 * Written by the `vm` resource (0600) before it starts the agent, read by the agent
 * when it starts; so a new agent that takes over a running machine knows all that
 * the old one knew. Nothing secret is in it (keys are named by path). Unknown
 * keys are ignored: an older agent may get a newer file of the same version.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/mem.h"
#include "providers/disk/image.h"

struct error;

#define LAUNCH_VERSION 2

struct launch_probe {
	const char *description, *script, *hint;
};

struct launch_host {
	const char *name, *value;	/* an address, or another name */
};

/* What may be done below a path of machine.files: base/paths.h. */
#define LAUNCH_FILE_READ 'r'
#define LAUNCH_FILE_WRITE 'w'
#define LAUNCH_FILE_MAKE 'm'
#define LAUNCH_FILE_SOCKETS 's'
#define LAUNCH_FILE_EXECUTE 'x'

/*
 * A folder that is a device of the machine: 9p, virtiofs. Those of 9p are opened for it, in this order, from descriptor
 * LAUNCH_FOLDER_FD on, and machine.folders after them: a name below a folder that a guest can write may lead anywhere a moment later.
 */
#define LAUNCH_FOLDER_FD 3
struct launch_mount {
	const char *location, *point, *tag, *type;
	bool writable;
};

/* A process that has to be there before the machine is started, and ends with it: it listens on `socket`. */
struct launch_companion {
	const char *name;		/* of its log, DIR/NAME.log */
	const char *socket;		/* one of its words contains it */
	const char *const *argv;	/* argv[0] a full path; NULL-terminated */
	size_t nargv;
	const char *location;		/* a folder that it serves, by the name of VIEW_PLACE (base/view.h); "" : none */
	bool read_only;			/* nobody can write there */
	const char *own;		/* a folder of its own, which is LAUNCH_FOLDER_FD for it; "" : none */
	const char *const *files;	/* all that it can open, as of the machine; none: whatever its user can */
	size_t nfiles;
	unsigned user;			/* whom root becomes, user and group, before it starts; 0: nobody else */
};

/* A file of the guest's, to be at `host` once the guest is ready. */
struct launch_copy {
	const char *guest, *host;	/* absolute */
	bool skip_if_missing, delete_on_stop;
};

/* Strings are never NULL once parsed; for launch_save() NULL is "". */
struct launch {
	struct arena mem;		/* of what launch_load() made */
	const char *name;		/* instance */
	const char *dir;		/* absolute, links resolved */
	struct {
		const char *driver;	/* providers/driver.h */
		const char *const *argv;	/* argv[0] a full path; NULL-terminated */
		size_t nargv;
		uint64_t capabilities;	/* that it may start with: base/privilege.h */
		const char *const *files;	/* LETTERS PATH: all that it can open (LAUNCH_FILE_*); none: whatever its user can */
		size_t nfiles;
		const char *const *folders;	/* that it finds open, behind those of 9p: LAUNCH_FOLDER_FD */
		size_t nfolders;
		const char *pidfile;
		bool resumes;		/* its guest goes on in the middle of what it did, and has booted long ago */
		bool restored;		/* ... in the middle of its boot */
		const char *control;	/* the socket by which the driver is talked to */
	} machine;
	struct {
		const char *address;	/* "" : 127.0.0.1 */
		int port;
		const char *user;
		const char *const *keys;	/* private key files, tried in order */
		size_t nkeys;
		const char *host_key;	/* "TYPE BASE64": what the guest was given; "" : nothing */
		const char *known_hosts;	/* the file by which it is known (host_key.h); "" : any key is believed */
	} ssh;
	struct {
		const char *os;		/* "Linux", ... */
		const char *iid;	/* instance id in cidata: what the /run/lima-* markers must hold */
		bool plain;
		unsigned uid;		/* of its user */
		bool sshfs;		/* there are reverse-sshfs mounts */
		const char *const *writes;	/* folders of the host that it can write, by whatever way */
		size_t nwrites;
		bool inotify;		/* mountInotify: changes in its writable folders are forwarded to the guest */
		bool containerd;	/* wanted in it */
		const char *install_prefix;	/* "" : /usr/local */
		const char *agent_socket;	/* where the guest agent's port is; "" : none */
	} guest;
	struct {
		int port;		/* of the name server, UDP and TCP; 0: there is none */
		bool ipv6;
		const struct launch_host *hosts;
		size_t nhosts;
	} dns;
	const struct launch_probe *probes;
	size_t nprobes;
	const char *vnc_display;	/* as the driver got it; "" : none */
	const struct launch_mount *mounts;
	size_t nmounts;
	const struct launch_companion *companions;
	size_t ncompanions;
	const struct launch_copy *copies;
	size_t ncopies;
	const struct image_disk *disks;	/* looked at once more right before the machine is started: they name no other files */
	size_t ndisks;
	int boot_timeout_ms;		/* until READY; 0: 10 minutes */
	int stop_timeout_ms;		/* from the power button to the guest's end; 0: 3 minutes */
};

void launch_release(struct launch *l);
char *launch_home(const struct launch *l);	/* that the instance is in; to free */
int launch_save(const struct launch *l, const char *path, struct error *err);
/* The file is checked like a stranger's: sizes, types, counts; argv not empty, paths absolute. */
int launch_load(struct launch *out, const char *path, struct error *err);
/* The same from text, for tests. */
int launch_parse(struct launch *out, const char *text, size_t len, struct error *err);
/* As launch_save() would write it; to free. */
char *launch_text(const struct launch *l);
