# `serve PORT` sends zeros to whoever connects, as fast as they are taken; `fetch ADDRESS PORT
# SECONDS` takes them for that long and prints how many bytes came in how many seconds.
use strict;
use warnings;
use Socket;
use Time::HiRes qw(time);

my $BLOCK = 256 * 1024;

sub serve {
    my ($port) = @_;
    local $SIG{CHLD} = 'IGNORE';
    local $SIG{PIPE} = 'IGNORE';
    socket(my $listener, PF_INET, SOCK_STREAM, 0) or die "socket: $!";
    setsockopt($listener, SOL_SOCKET, SO_REUSEADDR, 1) or die "setsockopt: $!";
    bind($listener, sockaddr_in($port, INADDR_ANY)) or die "bind: $!";
    listen($listener, 16) or die "listen: $!";
    my $block = "\0" x $BLOCK;
    while (accept(my $client, $listener)) {
        next if fork;
        while (syswrite($client, $block)) { }
        exit;
    }
}

sub fetch {
    my ($address, $port, $seconds) = @_;
    socket(my $server, PF_INET, SOCK_STREAM, 0) or die "socket: $!";
    connect($server, sockaddr_in($port, inet_aton($address))) or die "connect: $!";
    my ($began, $bytes) = (time, 0);
    while (time - $began < $seconds) {
        my $length = sysread($server, my $block, $BLOCK) or die 'it ended';
        $bytes += $length;
    }
    printf "%d %.6f\n", $bytes, time - $began;
}

my ($verb, @rest) = @ARGV;
$verb eq 'serve' ? serve(@rest) : fetch(@rest);
