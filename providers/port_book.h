/*
 * providers/port_book.h - ports of this host's loopback that an instance keeps from one start to the next.
 *
 * The kernel gives ports away by itself, to whoever binds to port 0 or connects: one of those can be another program's
 * between the moment it was chosen and the start of the machine. What is kept is therefore drawn from below them, by the
 * instance's folder, so that an instance made again has the port it had. (Linux: ip(7), ip_local_port_range.)
 *
 * Two instances that are made at once find the same port free, since nobody listens yet. Who chooses one enters it in
 * the book of its home first: a second name of its own lease file in HOME/_state/ports, under the port's number. An
 * entry without that file has one name left, so it holds nothing, whoever removed the instance and however.
 */
#pragma once
#include <stdbool.h>

struct error;

/* Could we listen there now? 0; -1 with EADDRINUSE. */
typedef int port_usable(int port, struct error *err);

/*
 * The first usable one of those drawn for `seed`, or of those behind `last`, when that one (> 0) was not to be had after
 * all. -1 with EADDRINUSE: none within reach.
 */
int port_draw(const char *seed, int last, port_usable *usable, struct error *err);

/*
 * Enters `port` for the lease file `lease`, which is there. 1: it is ours; 0: another lease has it; -1 with err. On a
 * file system without hard links nothing can be entered: 1. Any thread or process.
 */
int port_book_enter(const char *home, int port, const char *lease, struct error *err);
/* Has another lease than `lease`, which need not be there, that port? Looks only, and waits for nobody. */
bool port_book_has(const char *home, int port, const char *lease);
/* Strikes it out, before the file goes; false: it is not that lease's. */
bool port_book_strike(const char *home, int port, const char *lease);
/* Strikes out what leases that are gone have left: of one that could not be read nobody knows its port. */
void port_book_sweep(const char *home);
