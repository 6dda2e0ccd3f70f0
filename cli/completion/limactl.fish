# fish completion for limactl
# Candidates come from `limactl __complete WORD...`, the last word being the one to complete.

function __limactl_complete
	set -l words (commandline -opc)
	set -l cur (commandline -ct)
	set -l prefix ''
	string match -qr -- '^-.*=' $cur; and set prefix (string replace -r -- '=.*' '=' $cur)
	set -l out ($words[1] @COMPLETE@ $words[2..-1] "$cur" 2>/dev/null)
	set -g __limactl_files (string match -r -- '^:[0-3]$' $out[-1])
	for entry in $out[1..-2]
		echo $prefix$entry
	end
end
complete -c limactl -e
complete -c limactl -a '(__limactl_complete)' -f
complete -c limactl -n 'test -n "$__limactl_files"' -F
