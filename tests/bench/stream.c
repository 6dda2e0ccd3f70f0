/* tests/bench/stream.c - one TCP stream, as fast as it goes. `stream take PORT`, and from elsewhere `stream give ADDRESS PORT SECONDS`. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static char block[1 << 18];

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Prints bytes a second, counted from the first connection to its end. */
static int
stream_take(int s, struct sockaddr_in *a)
{
	long long total = 0;
	ssize_t n;
	double began;
	int peer;

	if (setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int)) < 0 || bind(s, (struct sockaddr *)a, sizeof *a) < 0 || listen(s, 1) < 0 ||
	    (peer = accept(s, NULL, NULL)) < 0)
		return perror("stream"), 1;
	began = now();
	while ((n = read(peer, block, sizeof block)) > 0)
		total += n;
	printf("%.0f\n", (double)total / (now() - began));
	return 0;
}

static int
stream_give(int s, struct sockaddr_in *a, double seconds)
{
	double end = now() + seconds;

	if (connect(s, (struct sockaddr *)a, sizeof *a) < 0)
		return perror("stream"), 1;
	while (now() < end)
		if (write(s, block, sizeof block) < 0)
			return perror("stream"), 1;
	return 0;
}

int
main(int argc, char **argv)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	int s = socket(AF_INET, SOCK_STREAM, 0);

	alarm(120);	/* one whose other end never comes is not for ever */
	if (argc == 3 && !strcmp(argv[1], "take")) {
		a.sin_port = htons((uint16_t)atoi(argv[2]));
		return stream_take(s, &a);
	}
	if (argc == 5 && !strcmp(argv[1], "give") && inet_pton(AF_INET, argv[2], &a.sin_addr) == 1) {
		a.sin_port = htons((uint16_t)atoi(argv[3]));
		return stream_give(s, &a, atof(argv[4]));
	}
	fprintf(stderr, "stream take PORT | stream give ADDRESS PORT SECONDS\n");
	return 2;
}
