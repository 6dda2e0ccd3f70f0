/*
 * cli/args/edit_exprs.h - the yq expressions that a flag becomes; private to the files of the editing flags.
 *
 * An edit_NAME() reads the flag e->flag of e->c and adds its expressions; `arg` is the path in
 * lima.yaml, where a kind of flag has several.
 */
#pragma once
#include <stddef.h>

struct cli;
struct error;

/* Where expressions are collected, in the arena of `c`. */
struct edits {
	struct cli *c;
	const char *flag;
	const char *const *declared;	/* params of the template, NULL-terminated; or NULL */
	const char **v;			/* to free */
	size_t n, cap;
};

void edits_emit(struct edits *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "..." as an expression reads it */
const char *edits_quoted(struct edits *e, const char *s);

/* --- flags that are lists (edit_lists.c) */
int edit_dns(struct edits *e, const char *arg, struct error *err);
int edit_mount(struct edits *e, const char *arg, struct error *err);
int edit_mount_only(struct edits *e, const char *arg, struct error *err);
int edit_mount_none(struct edits *e, const char *arg, struct error *err);
int edit_network(struct edits *e, const char *arg, struct error *err);
int edit_port_forward(struct edits *e, const char *arg, struct error *err);
