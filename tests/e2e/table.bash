# tests/e2e/table.bash - the table of HACKING.md, "Which process may do what", held against /proc.

status_of() { awk -v k="$2:" '$1 == k { print $2 }' "/proc/$1/status"; }

# ROW COLUMN: a cell of the table
cell() { awk -F ' *[|] *' -v p="$1" -v c="$2" '/^\| process \| user/ { t = 1 } t && $2 == p { print $c; exit }' "$REPO/HACKING.md"; }

# the rows there are
table_rows() { awk -F ' *[|] *' '/^\| process \| user/ { t = 1; next } t && !/^\|/ { exit } t && $2 !~ /^-/ { print $2 }' "$REPO/HACKING.md"; }

# the capabilities that a cell names, as the kernel writes them
bits() {
	local sum=0 word
	case $1 in all) status_of $$ CapEff; return ;; esac
	set -- "${1%%;*}"
	for word in ${1//,/}; do
		case $word in
		none | and | to | find | shared | folders | signal | open | a | folder | its | owner | become) ;;
		chown) sum=$((sum | 1 << 0)) ;;
		dac_override) sum=$((sum | 1 << 1)) ;;
		dac_read_search) sum=$((sum | 1 << 2)) ;;
		fowner) sum=$((sum | 1 << 3)) ;;
		fsetid) sum=$((sum | 1 << 4)) ;;
		kill) sum=$((sum | 1 << 5)) ;;
		setgid) sum=$((sum | 1 << 6)) ;;
		setuid) sum=$((sum | 1 << 7)) ;;
		setpcap) sum=$((sum | 1 << 8)) ;;
		net_bind_service) sum=$((sum | 1 << 10)) ;;
		mknod) sum=$((sum | 1 << 27)) ;;
		setfcap) sum=$((sum | 1 << 31)) ;;
		*) echo "unknown: $word"; return 1 ;;
		esac
	done
	printf '%016x' $sum
}

# ROW PID: that process is as its row says; an ordinary user's has no capability and is his
as_in_table() {
	local row=$1 pid=$2 seccomp user
	[ -n "$(cell "$row" 2)" ] || { echo "no such row: $row"; return 1; }
	[ "$(status_of "$pid" NoNewPrivs)" = 1 ] || { echo "$row: NoNewPrivs"; return 1; }
	seccomp=$(cell "$row" 5)
	[ "$(status_of "$pid" Seccomp)" = "$([ "$seccomp" = all ] && echo 0 || echo 2)" ] || { echo "$row: Seccomp is not: $seccomp"; return 1; }
	if [ "$(id -u)" != 0 ]; then
		[ "$(status_of "$pid" CapEff)" = 0000000000000000 ] && [ "$(status_of "$pid" Uid)" = "$(id -u)" ]
		return
	fi
	[ "$(status_of "$pid" CapEff)" = "$(bits "$(cell "$row" 4)")" ] || { echo "$row: CapEff $(status_of "$pid" CapEff)"; return 1; }
	user=$(cell "$row" 3)
	case $user in
	root) [ "$(status_of "$pid" Uid)" = 0 ] ;;
	'its own'*) [ "$(status_of "$pid" Uid)" -ge 61184 ] && [ "$(status_of "$pid" Gid)" -ge 61184 ] ;;
	"the folders' owner"*) true ;;
	"the folder's owner") [[ "$(status_of "$pid" Uid)" =~ ^(0|61000)$ ]] ;;
	*) false ;;
	esac || { echo "$row: Uid $(status_of "$pid" Uid)"; return 1; }
}
