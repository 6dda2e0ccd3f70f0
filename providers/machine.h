/*
 * providers/machine.h - a machine, described plainly: what is wanted of a driver, in nobody's words.
 *
 * `vm` fills it from lima.yaml and from what the resources that it needs have found (resources/machine.c); a driver turns
 * it into a launch (providers/driver.h). Strings may be NULL or "" where there is none, unless said; all are borrowed.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "providers/disk/image.h"

struct machine_net {
	const char *socket;		/* of a switch that speaks length-prefixed frames; or, with `local`, one that takes a frame a datagram */
	const char *mac;
	const char *local;		/* then the machine's own end of it, which the machine makes */
};

/* A folder of the host that is a device of the machine. */
struct machine_share {
	const char *tag, *path;
	const char *security_model;	/* 9p */
	int queue_size;			/* virtiofs; 0: the driver's */
	bool writable;
};

enum share_type { SHARE_NONE, SHARE_9P, SHARE_VIRTIOFS };

struct machine {
	const char *name, *dir;		/* of the instance; never NULL, dir absolute */
	const char *arch, *os;		/* as lima.yaml calls them; never NULL */
	const char *type;		/* vmType */
	const char *hostname;
	const char *config;		/* all of lima.yaml, filled, as JSON: for who has words of his own for it */
	const char *version;		/* ours, by which it was made */
	uint64_t disk_bytes;
	const char *cpu;		/* a model; the driver's choice */
	int cpus;
	uint64_t memory_bytes;
	bool balloon;			/* its guest may have less of it while it runs */
	bool room;			/* and more processors, as far as its kind and its first host go */
	const char *minimum_version;	/* of the driver's program */

	const char *firmware;		/* UEFI of the user's own; the driver's */
	bool legacy_bios;
	bool tpm;

	struct image_disk disk;		/* formats by our own records; never NULL */
	const char *iso;		/* boot from it */
	const struct image_disk *data_disks;
	size_t ndata_disks;
	const char *cidata;
	const char *kernel, *initrd, *cmdline;	/* to be loaded by the machine itself */

	int ssh_port;			/* on 127.0.0.1, to port 22 of the guest */
	const char *mac;		/* of the first interface; never NULL */
	struct machine_net net0;	/* the first interface is on this switch instead of the driver's own network */
	const struct machine_net *nets;	/* further interfaces */
	size_t nnets;

	const char *audio_device, *audio_interface;
	const char *display, *vnc_display;	/* display: none by default */

	bool agent_port;		/* a port for the guest agent */
	bool parks;			/* a port by which its guest may wait while it boots (base/park.h) */

	enum share_type share_type;
	const struct machine_share *shares;
	size_t nshares;

	/* Of this run of ours. */
	const char *ram;		/* a file as long as its memory, which it has its memory in; NULL: in none */
	bool ram_shared;		/* what it writes is in the file; else for itself, and the file stays as it is */
	bool waits;			/* it is not to boot, but to wait for what it is to hold in its memory (driver.h: driver_memory) */
	const char *libexec;		/* where our helpers are */
	bool runs;			/* it does already: what there is to warn of was told then */
	const volatile int *cancel;
	void (*warn)(void *ctx, const char *text);
	void *warn_ctx;
};
