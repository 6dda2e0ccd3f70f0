/*
 * state/desired/template/locator.h - the names of templates: what they mean, and reading what they name.
 *
 *	path, ~/path	a file			file:///path	likewise
 *	-		standard input		http(s)://...	fetched
 *	template:NAME	in the template folders	github:ORG/...	in a repository
 *	SCHEME:REST	what the program limactl-url-SCHEME makes of REST
 *
 * A path or URL that ends like a disk image stands for a small template with that image.
 * What comes from a remote template may name remote things and `template:` only: loading it
 * neither reads files nor runs programs of its choice.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "state/desired/spec/spec.h"

struct arena;
struct buf;
struct error;

/* length of "SCHEME:" in front, of two letters or more; 0: none */
size_t locator_scheme(const char *locator);
bool locator_is_remote(const char *locator);
/* a template of the template folders */
bool locator_is_template(const char *locator);

/* Rewrites custom schemes, github: and template:// until nothing is left to rewrite. */
int locator_resolve(const char **out, struct arena *a, const char *locator, bool from_remote, const struct spec_opts *opts,
		    struct error *err);
/* As seen from the folder of the template `of`. */
int locator_absolute(const char **out, struct arena *a, const char *locator, const char *of, struct error *err);
/* Appends what a resolved locator names; *path is what messages call it. */
int locator_read(struct buf *out, const char **path, struct arena *a, const char *locator, const struct spec_opts *opts,
		 struct error *err);
/* The instance name that it suggests, or NULL with the reason in *fault. */
const char *locator_name(struct arena *a, const char *locator, const char **fault);

/* --- images (image_locator.c) */
bool locator_is_image(const char *locator);
void locator_image_text(struct buf *out, struct arena *a, const char *locator, const struct spec_opts *opts);
const char *locator_image_name(struct arena *a, const char *locator);

/* --- github (github.c): to a https: URL */
int locator_github(const char **out, struct arena *a, const char *locator, const struct spec_opts *opts, struct error *err);
