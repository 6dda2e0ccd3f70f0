/*
 * cli/away/away.h - members of fleets that are on other hosts, by name, from here: what stands in $LIMA_HOME/_engines says where.
 *
 * A command that names one is the same command on its node, whose limactl knows the instance; so what it does there goes through the engine there.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct cli;
struct cluster;
struct error;
struct instance;

/* What the words of a command name on other hosts. */
struct away_words {
	struct { const char *name, *fleet, *node; } *v;
	size_t n;
};

/* On which node is that instance? `*fleet` too, in c->arena; NULL: it is not known as one of another host. */
const char *away_node(struct cli *c, const char *name, const char **fleet);
/*
 * The guest of an instance on another host that has no limactl, as something that ssh reaches: 1, to be released. 0: it is of this host, or
 * of a host whose limactl is to be asked.
 */
int away_guest(struct cli *c, const char *name, struct instance *out, struct error *err);
/* The engine of that fleet, as its last apply from here left it; to be released. Its strings are the command's. */
int away_open(struct cli *c, const char *fleet, struct cluster *out, struct error *err);
/* Is it that command, and not one of the same name in another's family? */
bool away_is_command(const struct cli *c, const char *name);
/* Starts, stops or removes members of a cluster without limactl: a goal as any other. The exit status, or -1. */
int away_pose(struct cli *c, const struct away_words *w, struct error *err);
/* A command about an instance without limactl on its node: can it be, by us? */
bool away_poses(const struct cli *c);
bool away_goes_in(const struct cli *c);
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
