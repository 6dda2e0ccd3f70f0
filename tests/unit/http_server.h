/*
 * tests/unit/http_server.h - tests/http/server.py for a test program: begun with the
 * first URL asked for, ended with the program.
 */
#pragma once
#include <signal.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>

#include "base/proc.h"
#include "tests/unit/test.h"

static pid_t server_pid_;
static int server_port_;
static char *server_log_;
static char *server_certificate_;

/* A second for a silent server, where there is a minute: for tests of silence only, a loaded machine is silent at times. */
static inline void
impatient(bool on)
{
	if (on)
		setenv("LIMA_HTTP_STALL_TIMEOUT_S", "1", 1);
	else
		unsetenv("LIMA_HTTP_STALL_TIMEOUT_S");
}

/* A certificate for 127.0.0.1 that the server shows and that we trust. */
static inline void
server_certify_(void)
{
	const char *argv[] = { "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
			       "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", NULL, "-out", NULL, NULL };
	struct error err;

	server_certificate_ = test_path("server.pem");
	argv[15] = argv[17] = server_certificate_;
	ok(proc_run(argv, NULL, &err));
	setenv("SSL_CERT_FILE", server_certificate_, 1);
}

static inline void
server_start_(void)
{
	char text[16] = "";
	int p[2];

	/* hardly a pause between tries */
	setenv("LIMA_HTTP_BACKOFF_MS", "10", 1);
	server_log_ = test_path("http.log");
	server_certify_();
	assert_int_equal(pipe(p), 0);
	server_pid_ = fork();
	assert_true(server_pid_ >= 0);
	if (server_pid_ == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(p[1], 1);
		close(p[0]);
		close(p[1]);
		execlp("python3", "python3", "tests/http/server.py", server_log_, server_certificate_, NULL);
		_exit(127);
	}
	close(p[1]);
	for (size_t n = 0; n < sizeof text - 1 && !strchr(text, '\n'); n++)
		assert_int_equal(read(p[0], text + n, 1), 1);
	close(p[0]);
	server_port_ = atoi(text);
	assert_true(server_port_ > 0);
}

__attribute__((destructor)) static inline void
server_stop_(void)
{
	if (server_pid_ > 0) {
		kill(server_pid_, SIGKILL);
		waitpid(server_pid_, NULL, 0);
	}
	free(server_log_);
	free(server_certificate_);
}

/* "http://127.0.0.1:PORT/PATH_AND_QUERY"; to free */
static inline char *
server_url(const char *path)
{
	if (!server_pid_)
		server_start_();
	return xasprintf("http://127.0.0.1:%d/%s", server_port_, path);
}

/* The same by TLS; to free. */
static inline char *
server_tls_url(const char *path)
{
	auto_free char *url = server_url(path);

	return xasprintf("https%s", url + strlen("http"));
}

/* the n-th request (from 1) for "/PATH" that the server saw, as JSON; to free; NULL: there was none */
static inline char *
server_request(const char *path, int n)
{
	auto_free char *key = xasprintf("{\"path\": \"/%s\",", path);
	AUTO(buf) b = BUF_INIT;
	struct error err;

	ok(fs_read(server_log_, &b, 1 << 22, &err));
	for (char *line = b.s; *line; line = strchr(line, '\n') + 1)
		if (!strncmp(line, key, strlen(key)) && --n == 0)
			return xstrndup(line, strcspn(line, "\n"));
	return NULL;
}

static inline int
server_count(const char *path)
{
	int n = 0;

	for (;; n++) {
		auto_free char *r = server_request(path, n + 1);

		if (!r)
			return n;
	}
}

/* what server.py serves; to free */
static inline char *
server_content(size_t size, unsigned seed)
{
	char *p = xcalloc(1, size + 1);

	for (size_t i = 0; i < size; i++) {
		unsigned k = i & 0xffff;

		p[i] = (char)(31 * k + 17 * (k >> 8) + seed);
	}
	return p;
}
