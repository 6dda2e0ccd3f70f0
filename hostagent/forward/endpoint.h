/* hostagent/forward/endpoint.h - an address of either side: where to listen on the host, what to connect to in the guest. */
#pragma once
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/un.h>

#include "guest/wire/ga_port.h"

struct place {
	enum ga_proto proto;	/* a UNIX socket counts as TCP */
	int port;		/* 0: `name` is the path of a socket, otherwise a numeric address */
	char name[sizeof ((struct sockaddr_un *)0)->sun_path];
};

#define PLACE_TEXT 128

struct place place_make(enum ga_proto proto, const char *ip, int port);
struct place place_socket(const char *path);	/* of an allowed length */
bool place_equal(const struct place *a, const struct place *b);
/* "127.0.0.1:80", "[::1]:80" or the path; returns `text` */
const char *place_text(const struct place *p, char text[PLACE_TEXT]);
/* for bind() and connect(), not of a socket; 0, or -1: no numeric address */
int place_sockaddr(const struct place *p, struct sockaddr_storage *out);
