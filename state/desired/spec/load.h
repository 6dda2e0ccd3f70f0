/*
 * state/desired/spec/load.h - how lima.yaml becomes a spec; for the files of this folder, and of fleet/, only.
 *
 *   text --yaml_read--> nodes --convert--> values --mix--> fill --> check --> spec
 *
 * A value is a node that has its key's type. Every step goes over the table of
 * keys (keys.h) and knows no key by itself.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/gotmpl.h"
#include "base/nearest.h"
#include "state/desired/spec/keys.h"
#include "state/desired/yaml/yaml.h"

struct arena;
struct buf;
struct error;
struct host;

struct val_pair {
	const char *key, *value;
	const struct node *at;
	unsigned layer;		/* of which text it is: layers.c */
};

struct val {
	const struct key *key;
	enum key_type type;		/* of an item of a list: what the item is */
	int index;			/* in its list; -1 */
	bool filled;			/* fill() has been here */
	struct val *up;
	const struct node *at;		/* where it is written; NULL: nowhere, it is a default */
	union {
		bool b;
		int64_t i;
		const char *s;
		const struct node *any;
		struct { struct val **item; size_t n; };		/* LIST, TEXTS, IPS, PORTS */
		struct { struct val_pair *pair; size_t npair; };	/* MAP */
		struct val **sub;	/* GROUP: one for each key of the table; NULL: unset */
	};
};

struct load {
	struct arena *a;
	const struct spec_opts *opts;
	const struct host *host;
	const char *name, *dir;		/* as expressions see them */
	const char *path;		/* of the configuration: what MAC addresses are made of */
	const struct source *src;	/* lima.yaml */
	struct val *root;
	const struct val *param;	/* lima.yaml's own: what expressions see */
	const char *old_version;	/* of an existing instance; NULL: it is new */
	struct error *err;		/* gets the first complaint */
	size_t complaints, cautions;
	struct report *reports;		/* report.c */
	size_t nreports, reports_cap;
	struct gotmpl_spent spent;	/* by all expressions */
};

/* --- values */
struct val *val_get(const struct val *group, const char *key);	/* NULL: unset */
struct val **val_slot(struct val *group, const char *key);	/* the key must exist */
struct val *val_new(struct load *l, const struct key *k, enum key_type type, struct val *up, const struct node *at);
struct val *val_text(struct load *l, struct val *up, const char *key, const char *s);
struct val *val_int(struct load *l, struct val *up, const char *key, int64_t i);
struct val *val_bool(struct load *l, struct val *up, const char *key, bool b);
/* What an unset key stands for: "", 0, false. */
const char *val_s(const struct val *group, const char *key);
int64_t val_i(const struct val *group, const char *key);
bool val_b(const struct val *group, const char *key);
bool val_empty(const struct val *v);		/* unset, or "", 0, false, nothing in it */
size_t key_count(const struct key *table);
void val_path(const struct val *v, struct buf *out);

/* --- complaints: "file:line:col: key.path: text" */
/* `key` (or NULL) is below `v`; unset keys are placed where their group is */
void diag_error(struct load *l, const struct val *v, const char *key, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void diag_warn(struct load *l, const struct val *v, const char *key, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* where no value was made: at `n`, below `up` */
void diag_error_at(struct load *l, const struct val *up, const char *key, const struct node *n, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
void caution_at(struct load *l, const struct val *up, const char *key, const struct node *n, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* keys_mounts.c: of a path of the host that is inside a folder which the guest writes */
void caution_guest_writes(struct load *l, const struct val *v);
/* What upstream lets pass: a complaint where opts->strict, else a caution with ", ignored" behind its first words. */
void mistake_at(struct load *l, const struct val *up, const char *key, const struct node *n, const char *what, const char *hint);
/* Is what stands there to be taken strictly? */
bool is_strict_at(const struct load *l, const struct node *n);
/* of a file that cannot be read at all */
void complain_text(struct load *l, const struct source *src, const char *text);
/* Tells all of them, in the order of their places; frees what held them. -1: something was wrong. */
int report_all(struct load *l);
/* the word of a blank-separated list that is nearly `word`, in the arena; NULL: none is */
const char *nearest_word(struct arena *a, const char *word, const char *words);
/* "`a`, `b` or `c`" */
const char *words_text(struct arena *a, const char *words);
bool word_in(const char *word, const char *words);

/* --- steps */
struct val *convert(struct load *l, const struct key *k, const struct node *n);
/* The same of a group that is named `k->name` below `up`. */
struct val *convert_below(struct load *l, const struct key *k, const struct node *n, struct val *up);
struct val *layers_merge(struct load *l, const struct key *k, struct val *d, struct val *y, struct val *o, struct val *up);
void defaults_fill(struct load *l, struct val *root);
void fill_one(struct load *l, struct val *group, const char *key);	/* out of turn */
void check(struct load *l, const struct val *root);
void check_params_used(struct load *l, const struct val *root);
/* replaces the text of `v` by its expansion */
void expand(struct load *l, struct val *v);
/* plain, proxies and what else is known only at the end */
void finish_root(struct load *l, struct val *root);
/* stores the values of `group` at their places in `base` */
void spec_store(struct load *l, const struct val *group, void *base);

/* --- hooks of the top-level lists and groups, in the keys_*.c that hold their rows */
void digest_text_check(struct load *l, const struct val *v);
void finish_mounts(struct load *l, struct val *v);
void finish_ssh(struct load *l, struct val *v);
void check_display(struct load *l, const struct val *v);
void check_vnc_display(struct load *l, const struct val *v);
void check_cpu_type(struct load *l, const struct val *v);
void check_vm_opts(struct load *l, const struct val *v);
void check_audio_interface(struct load *l, const struct val *v);
void check_provision(struct load *l, const struct val *v);
void finish_probes(struct load *l, struct val *v);
void check_probe(struct load *l, const struct val *v);
void check_forward(struct load *l, const struct val *f);
void finish_networks(struct load *l, struct val *v);
void check_network(struct load *l, const struct val *v);

/* --- out */
void val_json(const struct val *v, struct buf *out);
struct node *val_node(struct arena *a, const struct val *v);
