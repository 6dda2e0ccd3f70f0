/*
 * hostagent/mount/mount_sshfs.h - one folder of the host in the guest, by sshfs, kept there.
 *
 * What it takes is made again whenever it ends: with the SSH connection, by a reboot
 * of the guest, or by somebody who kills it. What does not work is told by
 * agent_trouble(), and tried again ever more seldom.
 */
#pragma once
#include <stdbool.h>

struct agent;
struct error;
struct mount;
struct sshfs_mount;

/* `def` is copied, its strings are not. `changed` is called from the loop when what mount_state() says changes. */
struct mount *mount_new(struct agent *a, const struct sshfs_mount *def, void (*changed)(struct agent *a));
/* NULL: neither there nor known not to work; else "mounted", or "failed: WHY". */
const char *mount_state(const struct mount *m);
/* Is the folder still what it was? To be asked now and then. */
void mount_look(struct mount *m);
/* Takes it out of the guest, if that can be done, and calls `done` once; then it is to be freed. */
void mount_remove(struct mount *m, void (*done)(struct mount *m, void *data), void *data);
/* At once: the guest's end follows when it notices. */
void mount_free(struct mount *m);
