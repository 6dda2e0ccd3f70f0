/* hostagent/drivers/qemu/reach.h - how far the guest is, by what QEMU tells of it: its network, its processors. */
#pragma once

struct cJSON;

/*
 * Of `info usernet`, as human-monitor-command answers: 1: a connection to the guest's port 22 is established;
 * 0: none is; -1: it is not QEMU that forwards to it.
 */
int reach_usernet(const struct cJSON *answer);
/*
 * Of `query-rx-filter`: 1: an interface of the guest is up, since its driver has asked for
 * multicast frames, which every system does then; 0: none is; -1: QEMU does not tell.
 */
int reach_interface(const struct cJSON *answer);
/*
 * Of `query-status`: why QEMU does not run the guest, and will not by itself; NULL: it does. One that was started with -S is held
 * by who debugs it, and one that saves or restores a snapshot goes on when it has.
 */
const char *reach_standstill(const struct cJSON *answer);
