/* hostagent/drivers/qemu/reach.h - how far the guest's network is, by what QEMU tells of it. */
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
