/* The tables of keys of a fleet file. */
#include "state/desired/fleet/fleet.h"
#include "state/desired/spec/keys.h"

static const struct key capacity[] = {
	{ "memory", KEY_TEXT, .about = "Most memory that all members may have together: a size, or a part of the host's such as `80%`." },
	{ NULL }
};

static const struct key file[] = {
	{ "name", KEY_TEXT, .about = "What the fleet is called; the name of the folder by default. Members remember it: `fleet/NAME` means them." },
	{ "namePrefix", KEY_TEXT, .about = "In front of the names of the fleet, its members and its networks, so that several of one file share a host. "
					 "Members find each other by DNS without it, too." },
	{ "param", KEY_MAP, .about = "Parameters, as {{.Param.NAME}} in any value of this file; --param NAME=VALUE beats them." },
	{ "defaults", KEY_ANY, .about = "Keys of lima.yaml for all members; what a member and its bases say wins." },
	{ "networks", KEY_ANY, .about = "Networks that are made for the fleet, as in networks.yaml. A member without `networks` is on all of them." },
	{ "capacity", KEY_GROUP, .sub = capacity, .about = "What the fleet may take of the host." },
	{ "instances", KEY_ANY, .flags = KEY_NEEDED, .about = "Members, by name: `db`, `web-{1..3}`, `node-{a,b}`; each has the keys of lima.yaml, and those below." },
	{ NULL }
};
const struct key fleet_root = { "", KEY_GROUP, .sub = file };

static const struct key depend[] = {
	{ "name", KEY_TEXT, .flags = KEY_NEEDED, .about = "A member, or the name in front of a range: `web`." },
	{ "restart", KEY_BOOL, .def = "false", .about = "Restart this one when that one is restarted." },
	{ NULL }
};

static const struct key member[] = {
	{ "count", KEY_INT, .about = "So many of them: NAME-1, NAME-2, ..." },
	{ "dependsOn", KEY_LIST, .sub = depend, .shorthand = "name", .flags = KEY_LONE,
	  .about = "Boots when these are READY, probes and all, and stops before them." },
	{ "protected", KEY_BOOL, .about = "Not to be deleted, as `limactl protect` has it." },
	{ NULL }
};
const struct key fleet_member_key = { "", KEY_GROUP, .sub = member };
