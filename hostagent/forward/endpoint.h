/* hostagent/forward/endpoint.h - an address of either side: where to listen on the host, what to connect to in the guest. */
#pragma once
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/un.h>

#include "guest/wire/ga_port.h"

struct endpoint {
	enum ga_proto proto;	/* a UNIX socket counts as TCP */
	int port;		/* 0: `name` is the path of a socket, otherwise a numeric address */
	char name[sizeof ((struct sockaddr_un *)0)->sun_path];
};

#define PLACE_TEXT 128

struct endpoint endpoint_make(enum ga_proto proto, const char *ip, int port);
struct endpoint endpoint_socket(const char *path);	/* of an allowed length */
bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);
/* "127.0.0.1:80", "[::1]:80" or the path; returns `text` */
const char *endpoint_text(const struct endpoint *p, char text[PLACE_TEXT]);
/* for bind() and connect(), not of a socket; 0, or -1: no numeric address */
int endpoint_sockaddr(const struct endpoint *p, struct sockaddr_storage *out);
