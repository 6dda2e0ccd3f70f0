/* resources/interface.h - where a machine is plugged into a user-v2 network. */
#pragma once
#include "reconciler/resource.h"
#include "state/desired/spec/spec.h"

struct arena;
struct env;
struct machine;

/* The network that the first interface is on, of lima.yaml's list; NULL: on the driver's own. */
const struct spec_network *interface_first(const struct spec *spec);
/* INSTANCE.N, of the interface that is networks[i]; in `a` */
const char *interface_name(struct arena *a, const struct spec *spec, size_t i);
/* Hardware address: the instance's own for the first; in `a` */
const char *interface_mac(struct arena *a, const struct spec *spec, size_t i);
/* Both ends of it: the machine's, and the switch's; in `a` */
const char *interface_here(struct arena *a, const struct spec *spec, size_t i);
const char *interface_there(struct arena *a, const struct env *env, const struct spec *spec, size_t i);
