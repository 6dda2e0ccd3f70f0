/* guest/wire/grpc_impl.h - what grpc.c (connections, streams), grpc_recv.c and grpc_send.c share. */
#pragma once
#include <nghttp2/nghttp2.h>

#include "base/buf.h"
#include "guest/wire/grpc.h"

struct grpc_conn {
	nghttp2_session *ng;
	bool server;
	bool dead;			/* nothing may be asked of `ng` any more */
	bool refused;			/* client: the server said goodbye */
	bool busy;			/* inside a callback; for assertions */
	struct grpc_limits limits;
	grpc_call_fn *call;
	void *ctx;
	struct buf out;			/* serialised; sent up to out_off */
	size_t out_off;
	struct grpc_stream *streams, *drained;
	size_t streams_n;
	size_t partial;			/* announced lengths of messages that have not come whole */
	unsigned wide;			/* streams with the large window */
};

struct grpc_stream {
	struct grpc_conn *c;
	int32_t id;
	struct grpc_stream *prev, *next, *next_drained;
	const struct grpc_stream_ops *ops;	/* NULL: nobody listens any more */
	void *ctx;

	/* receiving */
	struct buf part;		/* a message that came in part, with its head */
	size_t need;			/* its whole length, 0 until the head is there */
	size_t received;
	size_t unread;			/* bytes not yet given back to the window, as we are paused */
	bool paused, wide;

	/* header fields */
	unsigned fields;
	char method[128];		/* server; "" unless it is a path of reasonable length */
	bool post;
	int http_status;		/* client */
	struct grpc_status status;	/* client: the server's; server: ours */
	bool status_known;

	/* sending */
	struct buf q;			/* queued, sent up to q_off */
	size_t q_off;
	bool responded;			/* server: response headers are submitted */
	bool deferred;			/* nghttp2 waits for more data */
	bool ending;			/* nothing is queued any more */
	bool full, in_drained;
};

/* grpc.c */
struct grpc_stream *grpc_stream_new(struct grpc_conn *c);
void grpc_stream_free(struct grpc_stream *s);
void grpc_close_stream(struct grpc_stream *s, const struct grpc_status *why);	/* tells the owner */

/* grpc_recv.c */
void grpc_set_callbacks(nghttp2_session_callbacks *cb);

/* grpc_send.c */
int grpc_submit_request(struct grpc_stream *s, const char *method);
ssize_t grpc_on_read(nghttp2_session *ng, int32_t id, uint8_t *buf, size_t len, uint32_t *flags,
		     nghttp2_data_source *src, void *user);
int grpc_on_send_data(nghttp2_session *ng, nghttp2_frame *frame, const uint8_t *head, size_t len,
		      nghttp2_data_source *src, void *user);
ssize_t grpc_on_frame_size(nghttp2_session *ng, uint8_t type, int32_t id, int32_t conn_window, int32_t stream_window,
			   uint32_t max_frame, void *user);
void grpc_run_drained(struct grpc_conn *c);
void grpc_leave_drained(struct grpc_stream *s);
