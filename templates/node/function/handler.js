"use strict";

// Replies to one request.
module.exports = async (body) => `Hello! You sent: ${body.trim()}`;
