/* resources/machine.h - from a spec to the machine that a driver is asked for, and the file that the host agent gets. */
#pragma once
#include "base/mem.h"
#include "providers/machine.h"
#include "reconciler/env.h"
#include "reconciler/resource.h"
#include "state/desired/spec/spec.h"

struct driver_net;
struct error;

/* The folder of a mount is there, made if need be, and no link that this or another guest can have put there leads to it. */
int machine_mount_folder(const struct env *env, const struct spec *spec, const char *location, struct error *err);

/* How its folders are devices of the machine, if they are. */
enum share_type machine_share_type(const struct spec *spec);

/* Does somebody listen where `socket:` networks are? */
int machine_check_switches(const struct spec *spec, struct error *err);

/* A machine that boots, or waits for what it is to hold in its memory: in the middle of what its guest did, or of its boot. */
enum machine_begin { MACHINE_BOOTS, MACHINE_RESUMES, MACHINE_RESTORES };
/* Writes $I/launch.json; `dns_port` 0: no resolver. `ram`: machine.ram, of one that boots shared; or NULL. */
int machine_launch_file(const struct env *env, const struct resource *r, int ssh_port, int dns_port, enum machine_begin how, const char *ram,
			struct error *err);

/*
 * Before the machine is started: its disks name no other files of this host, and what they are is written down beside each,
 * where neither the guest nor a lost database can change it.
 */
int machine_settle_disks(const struct env *env, const struct resource *r, struct error *err);

/* The same of one data disk, before a machine that runs gets it; what it is in `out`, with texts in `a`. */
int machine_settle_data_disk(const struct env *env, const struct resource *r, const char *name, struct arena *a, struct image_disk *out,
			     struct error *err);

/* The addresses of its first interface, and of who is beside it there (providers/driver.h). */
const struct driver_net *machine_net(const struct spec *spec);

/* Is there a guest agent in it, on a port of the machine? */
bool machine_has_agent(const struct spec *spec);

/* The wanted facts of a running vm, kept beside it: the database may be lost while it runs. */
int machine_facts_save(const char *path, const struct facts *f, struct error *err);
void machine_facts_load(const char *path, struct facts *f, struct arena *a);
