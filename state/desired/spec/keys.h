/*
 * state/desired/spec/keys.h - the table of keys of lima.yaml.
 *
 * One row says all there is to know of a key. The reader, the mixing of
 * default.yaml and override.yaml, the defaults, the checks, the typed spec, the
 * JSON and YAML forms, the JSON schema, lima.yaml(5) and completion are made from
 * the rows; a new key is a new row (in the keys_*.c of its group), a field in
 * spec.h and the place that uses it. What a change of it costs stands in the row and nowhere else.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "state/desired/spec/spec.h"

struct load;
struct val;

enum key_type {
	KEY_BOOL,
	KEY_INT,
	KEY_UINT32,
	KEY_TEXT,
	KEY_SIZE,	/* a text; bytes in the spec */
	KEY_IP,		/* a text, in canonical form */
	KEY_PORTS,	/* first and last */
	KEY_TEXTS,
	KEY_IPS,
	KEY_MAP,	/* names to texts */
	KEY_ANY,	/* a mapping that is not ours to understand */
	KEY_GROUP,	/* a mapping of the keys in `sub` */
	KEY_LIST,	/* of such mappings */
};

/* How default.yaml (d), lima.yaml (y) and override.yaml (o) become one. Groups go key by key. */
enum key_mix {
	MIX_OVER,	/* o, else y, else d */
	MIX_JOIN,	/* o + y + d */
	MIX_JOIN_UP,	/* d + y + o; entries of one name are combined by `finish` */
	MIX_MAP,	/* d, overwritten by y, overwritten by o */
	MIX_FIRST,	/* the first of o, y, d that is not empty */
	MIX_OWN,	/* y: the other two cannot set it */
};

/* Which template expressions the text may hold. */
enum key_expr { EXPR_NONE, EXPR_GUEST, EXPR_HOST };

/* What a change costs once the instance exists, in rising order. */
enum key_change {
	CHANGE_UNSAID,	/* of groups: their keys say it */
	CHANGE_NOTE,	/* nothing to do in the machine */
	CHANGE_LIVE,	/* done while it runs, by a resource of its own */
	CHANGE_AGENT,	/* the host agent is told while it runs */
	CHANGE_BOOT,	/* what the guest is told at boot is remade, and it boots */
	CHANGE_RESTART,	/* the virtual machine is restarted */
	CHANGE_CREATION,/* mattered when the disk was made, and does nothing now */
	CHANGE_REFUSED,	/* no way from here to there but a new instance */
};

enum key_flags {
	KEY_QUIET = 1,		/* not printed when empty, zero or false */
	KEY_BLANK_UNSET = 2,	/* "" and 0 mean: not given */
	KEY_OPTIONAL = 4,	/* a group that is only there when given */
	KEY_NEEDED = 8,		/* must be given, and not be empty */
	KEY_LONE = 16,		/* a list that may be written as its only item, if that is a word */
	KEY_HOST = 64,		/* names something of this host: asked about in templates of others (template/host_uses.c) */
	KEY_HOST_FOLDER = 128,	/* a folder to be shared: `~` to be read is what every template has; or whether that is to be written */
	KEY_HOST_OWN = 256,	/* what is relative is in the instance's folder */
	KEY_HOST_ADDRESS = 2048,	/* where something is to listen: on the loopback is what every template has */
	KEY_DISK_WORK = 512,	/* what is dear in a change of it is what is done with the disk */
	KEY_LIVE = 1024,	/* ... where it is changed under a machine that runs, it costs nothing of that: whose thing it is knows (resource.h: attr.live) */
	KEY_LINES = 32,		/* a text of several lines; any other is one line without control characters */
};

#define PROVISION_AT_BOOT "boot dependency"	/* what only a boot can run: before there is a user, and a server of SSH */

struct key {
	const char *name;		/* NULL ends a table */
	enum key_type type;
	const struct key *sub;
	const char *shorthand;		/* in place of the mapping, a word stands for this key of it */
	enum key_mix mix;
	enum key_expr expr;
	enum key_change change;
	const char *boot_modes;		/* in provisioning of these modes it is told to the guest at boot, whatever `change` says */
	enum key_change over_ssh;	/* instead of that, where folders are mounted over SSH: they are no devices of the machine */
	unsigned flags;
	const char *words;		/* the only values allowed, separated by blanks */
	const char *def;		/* default, as one would write it */
	/* a default that depends on other things: a new value, or NULL for none */
	struct val *(*make)(struct load *l, struct val *up);
	const char *usual;		/* what it is then, in words */
	/* after the value (and all below it) has been filled */
	void (*finish)(struct load *l, struct val *v);
	void (*check)(struct load *l, const struct val *v);
	bool (*moot)(const struct val *up);	/* what the rest of its group makes meaningless is not checked */
	unsigned at, count_at;		/* 1 + offset in the struct of the spec; 0: it has no place there */
	unsigned size;			/* of an item, for lists */
	const char *go;			/* upstream's field name, where it is not `name` with a capital */
	const char *instead;		/* deprecated: the replacement */
	const char *about;
};

extern const struct key key_root;	/* the file as a whole: a group */

/* Groups of keys, one file each. */
extern const struct key keys_archives[], keys_images[], keys_disks[];
extern const struct key keys_mounts[];
extern const struct key keys_ssh[], keys_user[];
extern const struct key keys_firmware[], keys_audio[], keys_video[], keys_rosetta[];
extern const struct key keys_provision[], keys_probes[];
extern const struct key keys_forwards[], keys_copies[];
extern const struct key keys_networks[], keys_resolver[];
extern const struct key keys_containerd[], keys_ca[], keys_locator[];
extern const struct key keys_snapshots[];

#define AT(type, field) .at = offsetof(struct type, field) + 1
#define AT_LIST(type, field, n, item) \
	.at = offsetof(struct type, field) + 1, .count_at = offsetof(struct type, n) + 1, .size = sizeof(struct item)

/*
 * The row of "mounts[0].sshfs.cache" or "mounts.sshfs.cache"; NULL: there is none.
 * Below free-form keys (env, vmOpts) it is the row of that key.
 */
const struct key *key_find(const char *path);
/* Calls `each` for every row, parents first, with its path ("mounts[].sshfs.cache"). */
void key_each(void (*each)(void *ctx, const char *path, const struct key *k), void *ctx);
void key_each_below(const struct key *table, void (*each)(void *ctx, const char *path, const struct key *k), void *ctx);	/* of another table */
const char *key_change_text(enum key_change c);
/* The same as one word, for the manual: "free", "live", "restart", "reset", "never"; "" where the price is not the key's. */
const char *key_change_word(enum key_change c);
/* What it is where nobody says: the value as one would write it, or words; NULL: there is none. */
const char *key_default_text(const struct key *k);
/* What a change of that row costs in a configuration whose folders are mounted over SSH, or are devices. */
enum key_change key_cost(const struct key *k, bool over_ssh);
/* As whose part of a configuration a change of it is found: one that may be live is found by the thing that it is of. */
enum key_change key_part(const struct key *k, bool over_ssh);
/* The same as programs know it. */
enum change_class key_class(const struct key *k, bool over_ssh);
struct cJSON;
/* Does a filled configuration say of that key what it would if nobody had said anything? */
bool key_is_usual(const struct key *k, const struct cJSON *value);
bool json_is_over_ssh(const struct cJSON *json);	/* of a filled configuration */
