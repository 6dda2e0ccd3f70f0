/*
 * state/desired/spec/spec.h - an instance as it is wanted: lima.yaml, merged, filled,
 * checked and typed. The one door between the language and everything else.
 *
 * A spec owns all its strings and arrays (one arena) and never changes once
 * made. Lists have a count `nX` beside them. Strings are never NULL unless said;
 * sizes are in bytes. What a key means: lima.yaml(5).
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/change_class.h"

struct error;

enum goal {
	GOAL_ABSENT,		/* nothing of it wanted */
	GOAL_STOPPED,		/* made, not running */
	GOAL_RUNNING,
	GOAL_SUSPENDED,		/* made, and what its machine holds in its memory put aside */
};

struct spec_file {			/* something to fetch */
	const char *location;		/* URL, or absolute path of a local file */
	const char *arch;
	const char *digest;		/* "sha256:HEX"; "" if none was given */
	const char *vm_type;		/* of firmware: the driver that it is for; NULL or "": any */
};

struct spec_image {
	struct spec_file image;
	bool has_kernel, has_initrd;
	struct spec_file kernel, initrd;
	const char *cmdline;		/* "" */
	const char *variant, *arch_variant;
};

/* Snapshots that are taken again and again. */
struct spec_snapshots {
	const char *name, *every;	/* spec_every_s() */
	int keep;
};

struct spec_disk {
	const char *name;
	bool format;
	const char *fs_type;		/* "" : ext4 */
	const char **fs_args;
	size_t nfs_args;
};

struct spec_mount {
	const char *location, *mount_point;	/* expanded, absolute */
	bool writable;
	struct { bool cache, follow_symlinks; const char *sftp_driver; } sshfs;
	struct { const char *security_model, *protocol_version, *cache; uint64_t msize_bytes; } p9;
	int virtiofs_queue_size;		/* 0: not given */
	char tag[24];				/* "lima-" + 16 hex digits */
};

enum provision_mode {
	PROVISION_SYSTEM, PROVISION_USER, PROVISION_BOOT, PROVISION_DEPENDENCY,
	PROVISION_DATA, PROVISION_YQ, PROVISION_ANSIBLE,
};

struct spec_provision {
	enum provision_mode mode;
	const char *script;			/* "" */
	bool skip_default_dependency_resolution;
	const char *content, *path, *owner, *permissions;	/* data, yq */
	bool overwrite;
	const char *expression, *format;	/* yq */
	const char *playbook;			/* ansible */
	const char *place;			/* "lima.yaml:12": where it is written */
};

/* "system", "user", ... */
const char *provision_word(enum provision_mode m);

struct spec_probe {
	const char *description, *script, *hint;
	const char *place;			/* as of provision */
};

enum proto { PROTO_ANY, PROTO_TCP, PROTO_UDP };

struct spec_forward {
	bool guest_ip_must_be_zero;
	const char *guest_ip, *host_ip;
	int guest_port[2], host_port[2];	/* first and last; 0: a socket is meant */
	const char *guest_socket, *host_socket;	/* "" */
	enum proto proto;
	bool reverse, ignore, is_static;
};

struct spec_copy {
	const char *guest, *host;
	bool skip_if_missing, delete_on_stop;
};

struct spec_network {
	const char *lima, *socket;		/* "" */
	bool vz_nat;
	const char *mac_address, *interface;
	uint32_t metric;
	/* of a user-v2 network, from networks.yaml: the address and mask that stand there; the address of the host on it; "" else */
	const char *gateway, *netmask, *host;
	const char *egress;			/* any, none, or ranges of addresses */
	bool host_loopback;
	bool of_fleet;				/* its fleet file says so (spec_opts.networks), and networks.yaml is to say it too */
};

/* Another instance that is to be READY before this one boots, and that this one is stopped before. */
struct spec_depend {
	const char *name;
	bool restart;				/* and that this one is restarted with */
};

/* Whose an instance is. Of one that is nobody's all is "" and none. */
struct spec_member {
	const char *fleet, *file;
	const char *short_name;			/* what the others of the fleet know it by, beside its own name: without namePrefix; "": there is none */
	struct spec_depend *depends;
	size_t ndepends;
};

struct spec_pair {
	const char *key, *value;
};

struct engine_conf;

/* Of an instance that an engine runs on another host: where, and how it was found there. Set by the caller, like `goal`. */
struct spec_away {
	const struct engine_conf *engine;
	const char *node;			/* where it is, or goes; "": nowhere */
	const char *why;			/* nothing of it can be planned, in words; NULL: it can */
	bool unknown;				/* ... since nobody knows where, or how, it is */
	bool ephemeral;				/* it may be made anew on another one */
	const char *image, *image_digest;	/* the first that fits; "" */
	bool tells;				/* its guest is told by us what it is to be */
	bool as_is;				/* only whether it runs is asked for, or that it goes: what it is made of stays */

	bool there, runs;
	const char *at;				/* the node it was found on */
	const char *digest, *by;		/* of what it was made from, and who did */
	const char *told;			/* what its guest was told, as a digest; "": nobody knows */
	const char *off;			/* its node is said to be dead, in words; NULL: it is not */
	bool moves;				/* it goes to another node by itself, with its disk */
	const char *key;			/* of the job that made it so */
	long long generation;
};

struct spec {
	const char *name, *hostname;
	const char *dir;			/* $LIMA_HOME/NAME */
	enum goal goal;				/* set by the caller after loading */
	const char *yaml;			/* the text that belongs into dir/lima.yaml: embedded, not filled */
	size_t yaml_len;
	const char *json;			/* the filled configuration, compact JSON, one line */
	const char *stamp;			/* of all that went into this spec; equal stamps, equal specs */

	const char *vm_type, *os, *arch;
	struct spec_image *images;		/* only those that fit arch and variant, in the order to try */
	size_t nimages;
	int cpus;
	uint64_t memory_bytes, disk_bytes;
	const char *disk_mode;			/* "overlay", "copy"; "" or "auto" */
	bool warm_start;
	struct spec_snapshots *snapshots;
	size_t nsnapshots;
	const char *cpu_type;			/* vmOpts.qemu.cpuType of arch; "" */
	const char *minimum_version;	/* "" */
	struct spec_disk *disks;		/* additionalDisks */
	size_t ndisks;
	struct spec_mount *mounts;
	size_t nmounts;
	const char *mount_type;			/* never "": the driver's default is filled in */
	bool mount_inotify;
	struct {
		int local_port;			/* 0: any */
		bool load_dot_ssh, forward_agent, forward_x11, forward_x11_trusted;
	} ssh;
	struct { bool legacy_bios; struct spec_file *images; size_t nimages; } firmware;
	const char *audio_device, *audio_interface;
	const char *video_display, *vnc_display;
	struct spec_provision *provision;
	size_t nprovision;
	bool upgrade_packages;
	struct { bool system, user; struct spec_file *archives; size_t narchives; } containerd;
	const char *guest_install_prefix;
	struct spec_probe *probes;
	size_t nprobes;
	struct spec_forward *forwards;		/* portForwards; without the built-in rules */
	size_t nforwards;
	struct spec_copy *copies;		/* copyToHost */
	size_t ncopies;
	const char *message;
	struct spec_network *networks;
	size_t nnetworks;
	struct spec_pair *env, *param;		/* sorted by key; env with proxies resolved */
	size_t nenv, nparam;
	bool propagate_proxy_env;
	const char **dns;
	size_t ndns;
	struct { bool enabled, ipv6; struct spec_pair *hosts; size_t nhosts; } resolver;
	struct { bool remove_defaults; const char **files, **certs; size_t nfiles, ncerts; } ca;
	bool plain, nested_virtualization, tpm;
	const char *timezone;
	struct {
		const char *name, *comment, *home, *shell;
		uint32_t uid;
		bool passwordless_sudo;
	} user;

	/* Of a member of a fleet, from the note in its folder, or set by the caller like `goal`; "" and none of others. */
	const char *fleet, *fleet_file, *short_name;
	struct spec_depend *depends;
	size_t ndepends;
	const struct spec_away *away;		/* NULL: it is of this host */
};

struct arena;
struct buf;
struct host;

struct spec_opts {
	const char *home;		/* $LIMA_HOME, links resolved */
	const char *version;		/* ours, as text */
	const char *copied_from;	/* the folder that a new instance is to be a copy of: what was decided for that stays; or NULL */
	/* called for each warning, a whole line beginning with file:line:col */
	void (*warn)(void *ctx, const char *text);
	/* fetches a remote template, at most `max` bytes; NULL: there is no network here */
	int (*fetch)(void *ctx, const char *url, struct buf *out, size_t max, struct error *err);
	/*
	 * The text was just written by whoever waits for the answer: what upstream lets pass with a warning or in silence (unknown
	 * keys; sizes that nobody means) is a complaint. default.yaml and override.yaml are others' business, and only warned of.
	 */
	bool strict;
	const char *const *template_dirs;	/* searched for template:NAME, NULL-terminated */
	void *ctx;
	/* called for each complaint if there are several, else the error says it; NULL: `warn` is, for each */
	void (*complain)(void *ctx, const char *text);
	const struct host *host;	/* shared by many loads (state/desired/spec/host.h); NULL: each looks for itself */
	const char *const *plugin_dirs;	/* searched for limactl-url-SCHEME before PATH, NULL-terminated; or NULL */
	const char *const *drivers;	/* types of machines that run here, NULL-terminated; NULL: the usual one */
	bool (*external)(const char *name);	/* is a driver of that name installed besides? NULL: none is */
	/* called for what only somebody asks who looks for a fault: how a locator is rewritten; or NULL */
	void (*debug)(void *ctx, const char *text);
	/* called with the path of each file that a template, a base or a script of it is read from, there or not; or NULL */
	void (*reads)(void *ctx, const char *path);
	const struct network *networks;	/* of the fleet that is read: they are there besides those of networks.yaml */
	size_t nnetworks;
};

/* Nothing is told: no warning, no complaint. For a text that was told of already, or whose faults are nobody's business. */
void spec_hush(struct spec_opts *opts);
/*
 * Makes a spec of lima.yaml text (already embedded: no `base`), mixing in
 * _config/default.yaml and override.yaml. `path` is named in messages. The error
 * (ERR_INVALID) holds the first complaint. Complaints and warnings are told in the order of their places.
 * The text's relative image locations must have been made absolute.
 */
int spec_load(struct spec **out, const char *name, const char *path, const char *yaml, size_t len,
	      const struct spec_opts *opts, struct error *err);
/* The same from $LIMA_HOME/NAME/lima.yaml. ENOENT: there is no such instance. */
int spec_load_instance(struct spec **out, const char *name, const struct spec_opts *opts, struct error *err);
/*
 * What loading lets pass, because it is none of the language's business, and making or
 * starting the instance does not: its driver on this host, mount types, the user root, no
 * image for the architecture. Complaints are told likewise.
 */
int spec_check_driver(const struct spec *s, const struct spec_opts *opts, struct error *err);
/* Appends the filled configuration as YAML, a document without its `---`. */
void spec_yaml(const struct spec *s, struct buf *out);
/* A key that differs between two filled configurations. */
struct spec_change {
	const char *path;		/* "mounts[0].writable" */
	const char *have, *want;	/* as people read them, on a line; NULL: unset */
	const char *cost;		/* what the change means for an existing instance, in words */
	bool moot;			/* it mattered only when the instance was made */
	bool may_be_live;		/* where it is changed under a machine that runs, `cost` and `cls` are those of what is done in place */
	enum change_class cls;		/* the same for programs */
	const char *had, *wanted;	/* the whole values: texts as they are, other things as JSON; NULL: unset */
};
/*
 * From `have` to `want`, both as spec->json is. Items of lists of different lengths are
 * told as added or taken out. In the order of the keys in `have`, then `want`; strings in the arena.
 * Fails on what is no JSON object.
 */
int spec_diff(struct arena *a, const char *have, const char *want, struct spec_change **v, size_t *n, struct error *err);
const char *spec_live_cost(void);	/* in words, for where one of may_be_live is */
/* Parts of a filled configuration, by what a change of their keys costs (the table's `change`, state/desired/spec/keys.h). */
enum spec_part {
	SPEC_MACHINE,	/* a running machine is restarted */
	SPEC_AGENT,	/* the host agent of a running machine is told */
	SPEC_FIXED,	/* there is no way but a new instance */
};
/* "memory=1GiB\nmounts[0].writable=true\n": a line a key, for comparing and for telling; in `a`. "": nothing is known. */
const char *spec_part(struct arena *a, const char *json, enum spec_part part);
typedef void spec_part_each(void *ctx, const char *path, const char *have, const char *want);
/* What differs, key by key; NULL: unset. What is new to the table and says what it would without being said, does not. */
void spec_part_diff(const char *have, const char *want, spec_part_each *each, void *ctx);
bool spec_part_differs(const char *have, const char *want);
/* Whose the instance is: the strings are copied. Before the spec is declared. */
void spec_join_fleet(struct spec *s, const struct spec_member *m);
/* The note of that in the folder of an instance, SPEC_FLEET_FILE, and the reader of it; `a` holds what is read. ENOENT is no error: 0. */
#define SPEC_FLEET_FILE "fleet"
void spec_fleet_text(const struct spec *s, struct buf *out);
int spec_fleet_read(struct arena *a, const char *dir, struct spec_member *out, struct error *err);
/* A spec that knows only name and folder: enough to take apart an instance whose lima.yaml is broken. */
struct spec *spec_bare(const char *name, const struct spec_opts *opts);
/*
 * What the instance gets of this host, in words for one line: "reads ~, writes /tmp/lima, listens on 127.0.0.1:8080, runs
 * on this host: /p/play.yaml"; nothing if that is nothing. `home`: what is written as ~; or NULL.
 */
void spec_reach(const struct spec *s, const char *home, struct buf *out);

/* Of spec_snapshots.every, in seconds; 0: it is no such time. */
int64_t spec_every_s(const char *every);

void spec_free(struct spec *s);

/*
 * The stamp that spec_load_instance would put into spec->stamp, by looking at
 * files only (stat), without reading lima.yaml. To free. The part common to
 * all instances (default.yaml, override.yaml, version, user, proxies) is
 * computed once per `common`, which starts as NULL and is freed by the caller.
 */
char *spec_stamp(const char *name, const struct spec_opts *opts, char **common);
char *spec_common_stamp(const struct spec_opts *opts);	/* of what all share; to be freed */
