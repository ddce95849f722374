<?php
// Receives webhooks: verifies them, drops doubles, answers. PHP 8 or newer, and nothing else.
//   WEBHOOK_SECRET=whsec_… php -S 127.0.0.1:8000 receiver.php

function is_genuine(string $key, string $id, string $timestamp, string $signatures, string $body): bool
{
    if ($id === '' || !ctype_digit($timestamp) || abs(time() - (int) $timestamp) > 300) {
        return false;
    }
    $wanted = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $key, true));
    foreach (explode(' ', $signatures) as $entry) {
        if (hash_equals($wanted, $entry)) {
            return true;
        }
    }
    return false;
}

$key = base64_decode(preg_replace('/^whsec_/', '', getenv('WEBHOOK_SECRET')));
$id = $_SERVER['HTTP_WEBHOOK_ID'] ?? '';
// The bytes as they came: parsed and written again they verify no more.
$body = file_get_contents('php://input');
$timestamp = $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
if (!is_genuine($key, $id, $timestamp, $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '', $body)) {
    http_response_code(401);
    return;
}
// A real receiver remembers for days, in a table with a unique key; here a file that only one can create.
$mark = sys_get_temp_dir() . '/took-' . hash('sha256', $id);
if (@fopen($mark, 'x') !== false) {
    file_put_contents('php://stdout', "took $id\n"); // Hand the event over to your own queue here, and answer at once.
}
http_response_code(204);
