#!/bin/sh
# Answers one message of RabbitMQ; the command of amqp-consume, which hands it the message's body:
#
#   amqp-consume --url "$BROKER" --queue totp --prefetch-count 1 -- \
#       schemas/rabbitmq/reply.sh replies totp-adapter --operation VerifyPassword --exit-code zero
#
# replies       the queue for what the command writes; it must exist, or the broker drops the reply
# totp-adapter  the command, for QR codes with --base64; exit code 0 acknowledges the message once its reply is sent
#
# A broker with a password: put --server, --port and --authfile FILE in the place of --url, here and for amqp-consume.
set -eu

replies=$1
shift
reply=$("$@")
# The program stops reading beyond its limit, and amqp-consume dies of a pipe that nobody reads to its end.
cat > /dev/null
printf '%s\n' "$reply" | amqp-publish --url "$BROKER" --persistent --routing-key "$replies"
