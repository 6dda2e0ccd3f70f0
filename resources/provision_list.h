/*
 * resources/provision_list.h - the scripts, files and edits of `provision` by what they are made of: a digest each.
 *
 * An entry that moves within the list is the same one; of several equal ones the first is told from the second. DIR/cidata.provision
 * is the list of those that the volume has which the machine was started with, so that what a boot has run is not run again.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "base/mem.h"
#include "state/desired/spec/spec.h"

struct buf;
struct error;

#define PROVISION_BOOTED "cidata.provision"	/* of an instance's folder */
#define PROVISION_FOLDER "provision"		/* likewise: what is known of the run of each */
#define PROBE_FOLDER "probe"			/* ... of the answer of each probe */
#define PLAYBOOK_FOLDER "playbook"		/* ... of the run of each playbook */

enum { PROVISION_ID = 32 };			/* characters of a digest */

/* Is it one that the guest runs? Not a playbook. */
bool provision_is_guests(const struct spec *spec, size_t i);
/* Can it be run while the machine runs? Otherwise only a boot runs it, and the machine is restarted for a change of it. */
bool provision_runs_live(const struct spec *spec, size_t i);
/* Where it is on the volume: "provision.system/00000003". */
const char *provision_file(struct arena *a, const struct spec *spec, size_t i);
/* What is in that file. */
const char *provision_text(const struct spec *spec, size_t i);
/* The file of one that the host plays, or NULL. */
const char *provision_playbook(const struct spec *spec, size_t i);
/* What that is made of but its contents, as a digest: the file, and what it is given. NULL: it is none. */
const char *provision_playbook_id(struct arena *a, const struct spec *spec, size_t i);
/* Digests, one an entry of spec->provision; in `a`. That of a playbook is NULL. */
const char *const *provision_ids(struct arena *a, const struct spec *spec);

/* Writes that file: of all that `spec` has. */
int provision_booted_write(const char *path, const struct spec *spec, struct error *err);
/* The file's name on the volume of that digest, or NULL; in `a`. `text` is what the file holds. */
const char *provision_booted_find(const char *text, const char *id, struct arena *a);
/* The lines of `text` that one of `ids` is in; if `without` is not NULL, instead of that those that it is not in. */
void provision_booted_keep(const char *text, const char *const *ids, size_t n, const char *without, struct buf *out);
