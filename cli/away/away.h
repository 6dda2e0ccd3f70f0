/*
 * cli/away/away.h - members of fleets that are on other hosts, by name, from here: what stands in $LIMA_HOME/_engines says where.
 *
 * A command that names one is the same command on its node, whose limactl knows the instance; so what it does there goes through the engine there.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct cli;
struct error;
struct instance;

/* On which node is that instance? `*fleet` too, in c->arena; NULL: it is not known as one of another host. */
const char *away_node(struct cli *c, const char *name, const char **fleet);
/*
 * The command's words name instances of other hosts: it is carried out there, and its exit status is in *status, 1. 0: they do not. -1: some are
 * here and others there, or a node is not reached.
 */
int away_command(struct cli *c, int *status, struct error *err);
/* `limactl --host ssh://USER@ADDRESS[:PORT] WORDS...`: that command there. The exit status, or -1. `words` are behind the flag and its value. */
int away_host(struct cli *c, const char *host, char **words, int n, struct error *err);
bool away_is_any(const struct cli *c);	/* has a fleet of other hosts been applied from here? */
/* Members on other hosts, for `list`: appends to *v, of which the first *n are there; nodes that do not answer are told. */
void away_list(struct cli *c, struct instance **v, size_t *n);
