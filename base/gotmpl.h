/*
 * base/gotmpl.h - template expressions, as of Go's text/template.
 *
 * Fields, if / else / with / range, variables, pipelines, comments, trimming, and
 * the predefined functions; no templates within templates, no methods. What a
 * name stands for is up to the caller: data is a tree of values that it hands out.
 * Templates and data are hostile: depth, steps and output are bounded.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;
struct error;

enum gotmpl_kind {
	GOTMPL_MISSING,		/* a key that is not there: prints as <no value>, is false */
	GOTMPL_BOOL,
	GOTMPL_INT,
	GOTMPL_FLOAT,
	GOTMPL_TEXT,
	GOTMPL_LIST,
	GOTMPL_MAP,		/* unknown keys are GOTMPL_MISSING */
	GOTMPL_RECORD,		/* unknown keys are an error */
};

struct gotmpl_ops;

struct gotmpl_value {
	enum gotmpl_kind kind;
	union {
		bool b;
		int64_t i;
		double d;
		struct { const char *s; size_t len; };
		struct { const struct gotmpl_ops *ops; const void *p; };	/* LIST, MAP, RECORD */
	};
};

/* What a list, map or record has in it; values handed out live as long as the arena given to the run. */
struct gotmpl_ops {
	/* the value of a key (maps, records); false: there is none */
	bool (*get)(struct arena *a, const void *p, const char *key, struct gotmpl_value *out);
	size_t (*count)(const void *p);
	/* the i-th value, and (maps, records) its key; maps in the order of keys */
	void (*at)(struct arena *a, const void *p, size_t i, const char **key, struct gotmpl_value *out);
};

/* A function of the caller's: `out` from `n` arguments. */
struct gotmpl_func {
	const char *name;
	int min, max;		/* number of arguments; max -1: any */
	int (*call)(struct arena *a, const struct gotmpl_value *args, size_t n, struct gotmpl_value *out, struct error *err);
};

/* What runs have cost. Those that share one have the bounds of one: it begins zeroed. */
struct gotmpl_spent {
	size_t steps, bytes;
};

struct gotmpl_opts {
	const struct gotmpl_func *funcs;	/* ends at a NULL name; may be NULL */
	bool missing_is_error;			/* unknown keys of maps, too */
	bool missing_is_empty;			/* they print as nothing, as `missingkey=zero` on maps of texts */
	void (*missing)(void *ctx, const char *path);	/* told of each, as "Param.x"; or NULL */
	void *ctx;
	struct gotmpl_spent *spent;		/* NULL: of this run alone */
};

/*
 * Appends what `text` makes of `data`. -1: it does not parse, or failed while running
 * (`out` may have grown); the message names line and place. `a` holds what is made on the way.
 */
int gotmpl_run(struct buf *out, struct arena *a, const char *text, size_t len, const struct gotmpl_value *data,
	       const struct gotmpl_opts *opts, struct error *err);

/* Does it parse? 0, or -1 with the reason that gotmpl_run would give. */
int gotmpl_check(const char *text, size_t len, const struct gotmpl_opts *opts, struct error *err);

static inline struct gotmpl_value
gotmpl_text(const char *s)
{
	return (struct gotmpl_value){ GOTMPL_TEXT, .s = s, .len = __builtin_strlen(s) };
}

static inline struct gotmpl_value
gotmpl_int(int64_t i)
{
	return (struct gotmpl_value){ GOTMPL_INT, .i = i };
}

static inline struct gotmpl_value
gotmpl_bool(bool b)
{
	return (struct gotmpl_value){ GOTMPL_BOOL, .b = b };
}

/* As Go prints it with %v. */
void gotmpl_print(struct buf *out, struct arena *a, const struct gotmpl_value *v);
bool gotmpl_true(const struct gotmpl_value *v);

/* A map or record of fixed values, ending at a NULL name, sorted by name. */
struct gotmpl_field {
	const char *name;
	struct gotmpl_value value;
};
struct gotmpl_value gotmpl_fields(const struct gotmpl_field *f, enum gotmpl_kind kind);
