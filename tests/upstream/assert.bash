
# What the tests use of a newer bats-assert than Debian has.
if ! type -t assert_stderr_line >/dev/null; then
	assert_stderr() { output=$stderr assert_output "$@"; }
	refute_stderr() { output=$stderr refute_output "$@"; }
	assert_stderr_line() {
		local -a saved=("${lines[@]}")
		lines=("${stderr_lines[@]}")
		assert_line "$@" || { lines=("${saved[@]}"); return 1; }
		lines=("${saved[@]}")
	}
	refute_stderr_line() {
		local -a saved=("${lines[@]}")
		lines=("${stderr_lines[@]}")
		refute_line "$@" || { lines=("${saved[@]}"); return 1; }
		lines=("${saved[@]}")
	}
fi
