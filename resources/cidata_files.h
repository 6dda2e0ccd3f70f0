/*
 * resources/cidata_files.h - what is on cidata.iso: everything the guest is told.
 *
 * A pure function of the spec, the keys of the host and the files of PREFIX/share/lima.
 * lima-vm/lima: pkg/cidata; cloud-init: NoCloud data source.
 */
#pragma once
#include "base/mem.h"
#include "providers/disk/iso9660.h"
#include "providers/ssh/keys.h"
#include "reconciler/env.h"
#include "state/desired/spec/spec.h"

struct buf;
struct error;

struct cidata {
	struct arena mem;
	struct iso_file *v;
	size_t n, cap;
	/*
	 * Instance id, which cloud-init takes for "this is another machine": made of what
	 * only a per-instance run of cloud-init would bring into the guest, so that an
	 * unchanged instance keeps it from boot to boot.
	 */
	const char *iid;
	char contents[65];	/* digest of what lima.yaml and the keys of the host make */
	/* the same as earlier versions had it: with `env`; before that with data disks; and, before that, with what runs on a running machine, too */
	char contents_before[3][65];
	/* of what a running machine need not be restarted for: boot scripts, guest agent, verbosity, variables, sshfs mounts; the half of it */
	char tools[33];
	const char *host_key;	/* the public half of the guest's SSH host key; NULL: it has not been made yet */
	bool debug;		/* what lima.env says of it */
	const char *agent_gz;	/* the guest agent is only to be had compressed: host path; NULL */
};

/* `archive`: where containerd's archive is on the host; NULL where that is not known, or none is wanted */
int cidata_render(struct cidata *out, const struct env *env, const struct spec *spec, const char *archive, struct error *err);
/* Of that the digests alone, and the public half of the host key: all that a declaration needs. Left is a part of the files. */
int cidata_digests(struct cidata *out, const struct env *env, const struct spec *spec, struct error *err);
/*
 * What a guest has read, and run, before it waits to be saved (resources/warm.h): what of the volume is not one instance's alone. The digest of it,
 * in `a`.
 */
int cidata_before_park(const char **out, struct arena *a, const struct env *env, const struct spec *spec, struct error *err);
/* `port` goes into it, if there is to be one: not a part of the digests, since it may be another one at each start */
void cidata_set_dns_port(struct cidata *c, const struct spec *spec, int port);
void cidata_release(struct cidata *c);
/* cloud-config.yaml: user-data for people to read; in `a` */
int cidata_reference(const char **out, struct arena *a, const struct env *env, const struct spec *spec, struct error *err);

/* cidata.c */

struct resource;

/* The port of the host's resolver as the image says it; 0: none. */
int cidata_port(const char *path);

/*
 * PREFIX/share/lima/lima-guestagent.OS-ARCH, or the same .gz (*gz), for a guest of that system and architecture; in `a`. NULL: there
 * is none.
 */
char *cidata_guest_agent(struct arena *a, const struct env *env, const struct spec *spec, bool *gz);
/* the archive of spec's architecture, or NULL: containerd is not wanted, or there is none */
const struct spec_file *cidata_archive(const struct spec *spec);

/* cidata_files.c, for cidata_digest.c */

struct host_key;

void cidata_files_add(struct cidata *c, const char *path, const char *text, unsigned mode);
/* Lines "SHA256  PATH" of PREFIX/share/lima/FOLDER. */
int cidata_list(struct buf *list, const struct env *env, const char *folder, struct error *err);
/* Where such a list of yq is, in `a`, for guests of the host's own architecture; NULL: nothing asks for it. */
const char *cidata_yq_folder(struct arena *a, const struct spec *spec);
/* Plain mode has none, nor have guests of some systems. */
bool cidata_needs_agent(const struct spec *spec);
/* The guest's SSH host key; -1: there is none yet. */
int cidata_host_key_load(struct host_key *out, const struct spec *spec);

/* the parts, each in a file of its own; text in `a` */

/* cidata_env.c. `debug`: what LIMA_CIDATA_DEBUG says; `dns_port`: where the host's resolver is, or 0 */
const char *cidata_lima_env(struct arena *a, const struct spec *spec, const char *iid, bool debug, int dns_port);
/* What the guest's boot script is told of a data disk: LIMA_CIDATA_DISK_N_NAME=VALUE each. */
void cidata_disk_each(const struct spec_disk *d, const char *device, struct arena *a, void (*each)(void *ctx, const char *name, const char *value),
		      void *ctx);
const char *cidata_param_env(struct arena *a, const struct spec *spec);
/* those of lima.yaml, those that the host's environment may have given (proxies), or both */
enum cidata_env { CIDATA_ENV_OURS = 1, CIDATA_ENV_AMBIENT = 2 };
const char *cidata_etc_environment(struct arena *a, const struct spec *spec, enum cidata_env which);

/*
 * cidata_user.c: user-data is what a per-instance run of cloud-init takes from it, and
 * what every boot does. cloud-config.yaml, for people to read (`reference`), has both
 * without what concerns this boot only: bootstrap, mounts, DNS. -1: a file of caCerts cannot be read.
 */
int cidata_user_data(const char **out, struct arena *a, const char *home, const struct spec *spec, const struct key_list *keys,
		     bool reference, struct error *err);
/* `user_data` and what makes cloud-init take that host key, appended. The private half is in it. */
void cidata_host_key(struct buf *b, const char *user_data, const struct host_key *key);
/* The same of a guest that is saved before it is anybody: it gets its key from the boot scripts, and cloud-init lets it be. */
void cidata_host_key_later(struct buf *b, const char *user_data);
const char *cidata_always(struct arena *a, const struct spec *spec, bool reference);
/* cidata_boot.c: `bootcmd`, `write_files` */
void cidata_bootcmd(struct buf *b, struct arena *a, const struct spec *spec);
void cidata_write_files(struct buf *b);
/* cidata_network.c */
const char *cidata_network_config(struct arena *a, const struct spec *spec);
bool cidata_resolves(const struct spec *spec);		/* is there a name server of this host for the guest? */
size_t cidata_name_servers(const struct spec *spec, const char *const **out);
const char *cidata_mac(struct arena *a, const struct spec *spec);	/* of eth0 */
