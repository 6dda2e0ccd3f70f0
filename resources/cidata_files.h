/*
 * resources/cidata_files.h - what is on cidata.iso: everything the guest is told.
 *
 * A pure function of the spec, the keys of the host and the files of PREFIX/share/lima.
 * lima-vm/lima: pkg/cidata; cloud-init: NoCloud data source.
 */
#pragma once
#include "base/mem.h"
#include "providers/iso9660.h"
#include "providers/keys.h"
#include "reconciler/env.h"
#include "state/desired/spec.h"

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
	char digest[65];	/* of all names and contents; of big files by stamp */
};

int cidata_render(struct cidata *out, const struct env *env, const struct spec *spec, struct error *err);
void cidata_release(struct cidata *c);

/* the parts, each in a file of its own; text in `a` */
const char *cidata_lima_env(struct arena *a, const struct env *env, const struct spec *spec, const char *iid);
const char *cidata_user_data(struct arena *a, const struct env *env, const struct spec *spec,
			     const struct key_list *keys);
const char *cidata_network_config(struct arena *a, const struct spec *spec);
