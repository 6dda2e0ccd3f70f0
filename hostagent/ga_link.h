/*
 * hostagent/ga_link.h - one connection to the guest agent's port, and the client that speaks on it.
 *
 * It lives until ga_link_close(); what comes and goes is moved by the loop. Whoever has used the client calls ga_link_flush().
 * The callbacks come from the loop; from within them the connection may be closed.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct ga_client;
struct ga_client_ops;
struct ga_link;

struct ga_link_user {
	void (*connected)(void *ctx);
	/* It is of no more use, and still to be closed. */
	void (*lost)(void *ctx, const char *why);
};

/* `chunk`, of `size` bytes, is where what comes is read to; it may be anybody's between two turns of the loop. */
struct ga_link *ga_link_open(uv_loop_t *loop, const char *path, char *chunk, size_t size, const struct ga_link_user *user,
			     const struct ga_client_ops *ops, void *ctx);
void ga_link_close(struct ga_link *l, const char *why);

struct ga_client *ga_link_client(struct ga_link *l);
void ga_link_flush(struct ga_link *l);
/* Zeros, as many as the longest frame has bytes, before anything else: who is in the middle of one is then at its end. */
void ga_link_resync(struct ga_link *l);
/* From within a callback of the client, who must not be freed there: `lost` as soon as it may be. */
void ga_link_give_up(struct ga_link *l);
