/*
 * hostagent/helper/instance_files.h - what the helper writes and removes for an agent that can do neither.
 *
 * An agent that a guest has taken over must not come to write lima.yaml, ssh.config or a key: whoever does is obeyed by the next limactl. So
 * of the instance's folder it has the logs alone, and asks for what else there is to do: by names that are known here, and by copies
 * that limactl has put into launch.json. All of it is done to names in folders that no guest can have moved (base/guarded.h).
 */
#pragma once
struct agent;
struct error;

/* Files that tell of a display; the API's socket and the pid file too, to be removed. EPERM: no other. */
int instance_file_write(const struct agent *a, const char *name, const char *text, struct error *err);
int instance_file_remove(const struct agent *a, const char *name, struct error *err);
/* The API's socket, which listens already, comes under its name. */
int instance_socket_place(const struct agent *a, struct error *err);

/* What `fd` holds becomes the file of the host that copyToHost names; EPERM: it names none like it. */
int instance_copy_store(struct agent *a, const char *host, int fd, struct error *err);
int instance_copy_remove(struct agent *a, const char *host, struct error *err);

/* An empty file of that path, in place of any. */
int instance_file_make(const char *path, struct error *err);
/* Empty logs of a machine that is to be started, so that whoever is confined to them can write them. Removes those of the one before. */
int instance_logs_make(const struct agent *a, struct error *err);
