/*
 * usernet/switch.h - frames between the ports of one network, and between them and this host.
 *
 * One thread, one loop. Each port is read a few frames at a time, in turn, so that one that floods costs the others its share and no more.
 */
#pragma once
#include <stdint.h>

#include "base/os/news.h"
#include "base/os/poller.h"
#include "providers/usernet.h"
#include "usernet/nat.h"
#include "usernet/port.h"

struct switch_endpoint;
struct error;

struct sw {
	const char *dir; /* of the network */
	struct arena mem;
	struct usernet net;
	uint8_t gateway_mac[MAC_LEN];
	struct port *ports[USERNET_PORTS_MAX];
	size_t nports;
	int poller;
	struct os_news news, ports_news;
	struct watch folder, ports_folder, signals;
	struct switch_endpoint *endpoint;
	uint64_t denied_before; /* by ports that are gone */
	int lock;		 /* of whoever plugs in (providers/usernet_run.h), taken before it ends */
	bool used;		 /* something was plugged in */
	struct polls polls;
	uint8_t frame[FRAME_MAX + 64], answer[FRAME_MAX + 64];
};

/* Opens all: what is in the folder's files. */
int switch_open(struct sw *s, const char *dir, struct error *err);
void switch_close(struct sw *s);
/* Until SIGTERM or SIGINT. */
int switch_run(struct sw *s, struct error *err);
/* POLLER_IN and so on; the second, of one that is watched already. */
void switch_watch(struct sw *s, struct watch *w, unsigned what);
void switch_watch_for(struct sw *s, struct watch *w, unsigned what);

/* --- for its parts --- */
/* A frame that the port's machine sent. */
void switch_forward(struct sw *s, struct port *p, uint8_t *bytes, size_t len);
/* usernet/plug.c: what is in ports/ now is plugged in, and nothing else. */
void switch_plug(struct sw *s);
