/*
 * hostagent/http.h - just enough HTTP/1.1 for ha.sock.
 *
 * One request a connection; bodies have a Content-Length; answers are JSON. A
 * client that sends too much, too slowly or something else is sent away.
 */
#pragma once
#include <stddef.h>
#include <uv.h>

#include "base/http_head.h"

struct agent;
struct cJSON;
struct error;
struct http_conn;
struct http_server;

/* Called when a request is whole; answer now or later. Its strings live until the answer. */
typedef void http_handler(struct agent *a, struct http_conn *c, const struct http_request *r);
/* Called when a connection that was not answered ends: forget it. */
typedef void http_gone(struct agent *a, struct http_conn *c);

/* Listens on `path`, which appears under its name once it is answered there. */
struct http_server *http_listen(struct agent *a, const char *path, http_handler *handler, http_gone *gone,
				struct error *err);
/* Ends once the last answers are out; unlinks the path. */
void http_close(struct http_server *s);
/* Answers, once. Takes `json`; NULL: an empty body. */
void http_reply(struct http_conn *c, int status, struct cJSON *json);
void http_refuse(struct http_conn *c, int status, const char *message);
/* Instead: the connection is the caller's, and his to answer on. -1: it cannot be had. */
int http_take(struct http_conn *c);
