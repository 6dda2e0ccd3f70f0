/* The child that evaluates: libjq, with bounds on what it takes. */
#include <fcntl.h>
#include <jq.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/mem.h"
#include "state/desired/yq/yq_frame.h"

/* what yq has and jq has not, or has with another meaning */
static const char prelude[] =
	"def yq_key: [.] | tojson;"
	"def unique_by(f): reduce .[] as $x ({s:{},o:[]}; ($x|[f]|tojson) as $k | if .s[$k] then . else .s[$k]=true | .o+=[$x] end) | .o;"
	"def unique: unique_by(.);"
	"def keys: keys_unsorted;"
	"def to_string: tostring; def to_number: tonumber;"
	"def upcase: ascii_upcase; def downcase: ascii_downcase;"
	"def trim: if type==\"string\" then sub(\"^\\\\s+\";\"\") | sub(\"\\\\s+$\";\"\") else . end;"
	/* all matches, and a comma between the arguments */
	"def sub(args): [args] as [$re, $to] | gsub($re; $to);"
	"def any_c(f): any(.[]; f); def all_c(f): all(.[]; f);"
	"def with(p; f): p |= f;"
	"def pick(ks): . as $in | reduce ks[] as $k (if type==\"array\" then [] else {} end; if ($in|has($k)) then "
	"if type==\"array\" then .+[$in[$k]] else .[$k]=$in[$k] end else . end);"
	"def omit(ks): delpaths([ks[]|[.]]);"
	"def filter(f): map(select(f));"
	"def contains_yq(x): contains(x);"
	"def sort_keys(f): f |= (if type==\"object\" then to_entries|sort_by(.key)|from_entries else . end);"
	"def explode(f): .; def tag: {\"null\":\"!!null\",\"boolean\":\"!!bool\",\"number\":\"!!int\",\"string\":\"!!str\","
	"\"array\":\"!!seq\",\"object\":\"!!map\"}[type];"
	"def kind: {\"array\":\"seq\",\"object\":\"map\"}[type] // \"scalar\";"
	"def to_json: tojson; def from_json: fromjson; def to_json(i): tojson; def from_yaml: fromjson;"
	"def yq_like($a;$b): if ($a|type)==($b|type) then"
	" if ($a|type)==\"string\" and ($b|test(\"[*?]\")) then"
	" ($a|test(\"^\" + ($b|gsub(\"(?<c>[.+^$(){}|\\\\[\\\\]\\\\\\\\])\";\"\\\\\\(.c)\")|gsub(\"[*]\";\".*\")|gsub(\"[?]\";\".\")) + \"$\"))"
	" else $a==$b end"
	" elif ($a|type)==\"null\" or ($b|type)==\"null\" then false"
	" elif ($a|type)==\"object\" or ($b|type)==\"object\" or ($a|type)==\"array\" or ($b|type)==\"array\" then false"
	" else ($a|tostring)==($b|tostring) end;";

size_t
yq_memory_mib(size_t input_len)
{
	return YQ_MEMORY_MIB + (input_len > YQ_ORDINARY_INPUT ? input_len >> 16 : 0);
}

/* bytes of data that this process has: heap and all else that is private and writable */
static rlim_t
data_bytes(void)
{
	auto_file FILE *f = fopen("/proc/self/statm", "re");
	unsigned long pages = 0;

	if (!f || fscanf(f, "%*u %*u %*u %*u %*u %lu", &pages) != 1)
		return 0;
	return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

/* Time of the processor from now on, and memory beyond `base`. What exceeds the one is killed, the other ends in out_of_memory(). */
static void
allow(rlim_t base, size_t input_len)
{
	struct itimerval t = { .it_value.tv_sec = YQ_SECONDS };
	struct rlimit memory = { base + ((rlim_t)yq_memory_mib(input_len) << 20), RLIM_INFINITY };

	setitimer(ITIMER_PROF, &t, NULL);
	alarm(10 * YQ_SECONDS);		/* should it ever wait */
	setrlimit(RLIMIT_DATA, &memory);
}

static void
out_of_memory(void *ctx)
{
	(void)ctx;
	_exit(YQ_EXIT_MEMORY);
}

static void
say(enum yq_frame_kind kind, const char *s, size_t len)
{
	if (yq_frame_write(STDIN_FILENO, kind, s, len) < 0)
		_exit(1);	/* nobody listens */
}

static void
say_message(enum yq_frame_kind kind, jv msg)
{
	jv text = jv_is_valid(msg) && jv_get_kind(msg) == JV_KIND_STRING ? msg : jv_dump_string(msg, 0);

	say(kind, jv_string_value(text), strcspn(jv_string_value(text), "\n"));
	jv_free(text);
}

/* the compiler's first complaint; it goes on and has others */
static void
keep_first(void *ctx, jv msg)
{
	jv *first = ctx;

	if (jv_is_valid(*first))
		jv_free(msg);
	else
		*first = msg;
}

static void
evaluate(jq_state *jq, jv input)
{
	jv result;

	jq_start(jq, input, 0);
	while (jv_is_valid(result = jq_next(jq))) {
		jv text = jv_dump_string(result, 0);

		say(YQ_RESULT, jv_string_value(text), (size_t)jv_string_length_bytes(jv_copy(text)));
		jv_free(text);
	}
	if (jv_invalid_has_msg(jv_copy(result)))
		say_message(YQ_FAILED, jv_invalid_get_msg(result));
	else
		say(YQ_DONE, "", 0);
}

static void
serve(jq_state *jq, rlim_t base)
{
	struct yq_frame head;

	while (yq_frame_read(STDIN_FILENO, &head) == 0) {
		auto_free char *text = NULL;
		jv input;

		allow(base, head.len);
		text = malloc((size_t)head.len + 1);
		if (!text)
			out_of_memory(NULL);
		if (yq_read(STDIN_FILENO, text, head.len) < 0)
			break;
		input = jv_parse_sized(text, (int)head.len);
		free(steal(text));
		if (jv_is_valid(input)) {
			evaluate(jq, input);
			continue;
		}
		jv_free(input);
		say_message(YQ_FAILED, jv_string("the input is no JSON"));
	}
}

/* Nothing of the parent's is left but its memory: its files, its signals and its terminal are not ours. */
static void
leave_home(int fd)
{
	struct rlimit no_core = { 0, 0 };
	sigset_t none;
	int null;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int s = 1; s < NSIG; s++)
		signal(s, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_IGN);
	setrlimit(RLIMIT_CORE, &no_core);
	dup2(fd, STDIN_FILENO);
	null = open("/dev/null", O_WRONLY);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	close_range(3, ~0U, 0);
}

void
yq_serve(int fd, const char *expr)
{
	auto_free char *program = xasprintf("%s%s", prelude, expr);
	jv first = jv_invalid();
	rlim_t base;
	jq_state *jq;

	leave_home(fd);
	base = data_bytes();
	allow(base, 0);
	jq = jq_init();
	if (!jq)
		_exit(YQ_EXIT_MEMORY);
	jq_set_nomem_handler(jq, out_of_memory, NULL);
	jq_set_error_cb(jq, keep_first, &first);
	if (!jq_compile(jq, program)) {
		say_message(YQ_FAILED, first);
		_exit(0);
	}
	say(YQ_DONE, "", 0);
	serve(jq, base);
	_exit(0);
}
