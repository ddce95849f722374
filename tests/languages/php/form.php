<?php
// What PHP makes of a form, as JSON: what it does itself for $_POST.
parse_str(stream_get_contents(STDIN), $form);
echo json_encode((object) $form, JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES), "\n";
