/*
 * hostagent/mount/mount_server.h - the host's end of a folder in the guest: a process that serves it, and the channel's bytes to and from it.
 *
 * The process is `lima-hostagent sftp` (sftpd/main.h), or OpenSSH's sftp-server, which is confined to the folder where the
 * kernel can do that (confine.h).
 */
#pragma once
#include <stdbool.h>

struct agent;
struct error;
struct mount_server;
struct ssh_channel;
struct sshfs_mount;

#define MOUNT_SERVER_GUEST_ENDED "sshfs has ended in the guest"

/* Of the folder that is open as `folder`, which stays the caller's. `ended` is called once, from the loop, and not after mount_server_stop(), which is to follow it. NULL with err. */
struct mount_server *mount_server_start(struct agent *a, const struct sshfs_mount *def, int folder, struct ssh_channel *channel,
					void (*ended)(void *owner, const char *why), void *owner, struct error *err);
/* To be called when the connection has moved on. false: the guest's end has gone. */
bool mount_server_step(struct mount_server *s);
/* Frees it, in its own time; NULL is fine. */
void mount_server_stop(struct mount_server *s);
