# tests/newcomer/plain.bash - what is the same in every run of a command. $work: the newcomer's place; $repo: ours.
plain() {
	sed -E -e 's/\r//g' -e "s#$work/home#HOME#g; s#$work/bin#BIN#g; s#$repo#REPO#g" -e 's/\[[0-9]{4}\]/[N]/' -e 's/\([0-9.]+s\)/(Ns)/g' -e 's/[0-9]+(\.[0-9]+)? s\b/N s/g' \
		-e 's/process [0-9]+/process N/' -e 's/[0-9.]+GiB that this host/NGiB that this host/' -e 's/127\.0\.0\.1:[0-9]{5}/127.0.0.1:PORT/' -e 's/[[:space:]]+$//' \
		-e '/^INFO\[N\] .*(done|closed|removed|stopped) \(Ns\)$/d' -e '/^WARN\[N\] running as root/d' -e '/no hardware virtualisation/d' -e 's/^\^@//' -e '/still at it after/d' -e '/^About N s, by what/d' \
		-e '/^Script (started|done)/d' -e 's/^\[[A-Z][^]]*hint\].*//'
}
