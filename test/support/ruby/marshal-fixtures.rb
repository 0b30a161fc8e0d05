# Makes marshal-fixtures.json: what real Ruby and ActiveSupport write as Marshal, and the same as Ruby's own JSON.
#
#   apt-get install ruby ruby-activesupport && ruby test/support/ruby/marshal-fixtures.rb
#
# The tests need no Ruby: the result is checked in. Made with Ruby 3.1.2 and ActiveSupport 6.1.7.
require 'json'
require 'time'
require 'date'
require 'set'
require 'bigdecimal'
require 'ostruct'
require 'active_support'
require 'active_support/core_ext'
Point = Struct.new(:x)
class Texts < Array; end
module Loud; end
GOOD = [
 '{}',
 'nil',
 '{ "user_id" => 42, "admin" => true, "guest" => false, "note" => nil }',
 '{ user_id: 42, "role" => :admin, "é" => :"ü" }',
 '[0, 1, -1, 122, 123, -123, -124, 255, 256, -256, -257, 65_536, -65_537, 2**24, 2**30 - 1, 2**30, -2**30, -2**30 - 1, 2**31, 2**53 - 1, 1 - 2**53].then { |list| { "list" => list } }',
 '{ "list" => [0.0, -0.0, 1.0, -1.5, 0.1, 1e21, 1e-7, 5e-324, 1.7976931348623157e308, 100_000_000_000_000_000_000.0] }',
 '{ "text" => "Zoë 🚲 \u2028 \u0000 \"quoted\" \\\\", "binary" => "Zoë".b, "ascii" => "abc".force_encoding("US-ASCII"), "empty" => "", "bom" => "\uFEFFx" }',
 '{ "__proto__" => { "polluted" => true }, "constructor" => 1, "a" => { __proto__: [] } }',
 '{ "nested" => [[], {}, [[[{ "deep" => [1] }]]]] }',
 'a = "ada"; list = [a, a]; { "a" => a, "list" => list, "again" => list, "float" => (f = 1.5), "float2" => f, "big" => (b = 2**40), "big2" => b, "last" => a }',
 'list = [{ "id" => 1, "name" => "one" }, { "id" => 2, "name" => "two" }]; { "items" => list, "first" => list[0] }',
 '{ "sym" => [:one, :two, :one, :two], one: { one: :two } }',
 's = "saved"; { "notice" => ActiveSupport::SafeBuffer.new("<b>saved</b>"), "plain" => s, "list" => [{ "id" => 1 }, { "id" => 2 }], "same" => s }',
 'u = "ada"; { "params" => ActiveSupport::HashWithIndifferentAccess.new("id" => "7", "user" => { "name" => u }), "user" => u, "again" => u }',
 '{ "session_id" => "5f1c0d", "_csrf_token" => ["0123456789abcdef0123456789abcdef"].pack("m0"), "flash" => { "discard" => [], "flashes" => { "notice" => "Hello" } }, "warden.user.user.key" => [[1], "$2a$11$abcdefghijklmnopqrstuv"] }',
 '{ 1 => 2 }.transform_keys(&:to_s)',
 's = +"ada"; s.instance_variable_set(:@seen, ["x", s.dup]); { "s" => s, "t" => "after", "u" => s }',
 '{ "order" => { "10" => 1, "9" => 2, "b" => 3, "a" => 4 } }',
 '99.times.reduce([]) { |inner, _| [inner] }.then { |list| { "levels" => list[0] } }',
]
BAD = {
 '{ "user_id" => 2**70 }' => 'Integer beyond',
 '{ "user_id" => 2**53 }' => 'Integer beyond',
 '{ "user_id" => -(2**53) }' => 'Integer beyond',
 '{ "x" => Float::NAN }' => 'Float',
 '{ "x" => Float::INFINITY }' => 'Float',
 '{ "x" => -Float::INFINITY }' => 'Float',
 '{ "x" => "\xff".b }' => 'String that is not UTF-8 text (binary)',
 '{ "x" => "\xff" }' => 'String that is not UTF-8 text (UTF-8)',
 '{ "x" => "Zoë".dup.force_encoding("US-ASCII") }' => 'String that is not UTF-8 text (US-ASCII)',
 '{ "x" => "Zoë".encode("ISO-8859-1") }' => 'String that is not UTF-8 text (another encoding)',
 '{ "x" => "ab".encode("UTF-16LE") }' => 'String that is not UTF-8 text (another encoding)',
 '{ "\xff".b.to_sym => 1 }' => 'not UTF-8 text',
 '{ "a" => 1, a: 2 }' => 'a text and a Symbol of one name',
 '{ 1 => 2 }' => 'key that is neither text nor a Symbol',
 '{ nil => 2 }' => 'key that is neither text nor a Symbol',
 '{ ["a"] => 2 }' => 'key that is neither text nor a Symbol',
 '{ "x" => Time.at(0) }' => 'class Time',
 '{ "x" => Time.at(0).in_time_zone("UTC") }' => 'class ActiveSupport::TimeWithZone',
 '{ "x" => Date.new(2026, 1, 1) }' => 'class Date',
 '{ "x" => BigDecimal("1.5") }' => 'class BigDecimal',
 '{ "x" => Rational(1, 2) }' => 'class Rational',
 '{ "x" => Complex(1, 2) }' => 'class Complex',
 '{ "x" => (1..2) }' => 'class Range',
 '{ "x" => Set.new([1]) }' => 'class Set',
 '{ "x" => Point.new(1) }' => 'class Point',
 '{ "x" => OpenStruct.new(a: 1) }' => 'class OpenStruct',
 '{ "x" => Object.new }' => 'class Object',
 '{ "x" => /a/ }' => 'class Regexp',
 '{ "x" => String }' => 'class Class',
 '{ "x" => Kernel }' => 'class Module',
 '{ "x" => Texts.new([1]) }' => 'class Texts',
 '{ "x" => "a".dup.extend(Loud) }' => 'class Loud',
 '{ "x" => Hash.new(0).merge("a" => 1) }' => 'Hash with a default value',
 '{ "x" => 1.hour }' => 'class ActiveSupport::Duration',
 'list = []; list << list; { "x" => list }' => 'contains itself',
 'hash = {}; hash["x"] = [hash]; hash' => 'contains itself',
 '99.times.reduce([]) { |inner, _| [inner] }.then { |list| { "levels" => list } }' => 'deeper than 100',
 'half = 60.times.reduce([]) { |inner, _| [inner] }; { "a" => half, "b" => 50.times.reduce(half) { |inner, _| [inner] } }' => 'deeper than 100',
 '{ "x" => 30.times.reduce("ab") { |inner, _| [inner, inner] } }' => 'more than 4194304 characters',
}
def b64(v) = [Marshal.dump(v)].pack("m")
out = { good: GOOD.map { |e| v = eval(e); { ruby: e, base64: b64(v), json: JSON.generate(v) } },
        bad: BAD.map { |e, w| { ruby: e, base64: b64(eval(e)), problem: w } } }
R = Random.new(13)
$pool = []
def value(depth)
  if !$pool.empty? && R.rand < 0.2 then return $pool[R.rand($pool.size)] end
  kind = R.rand(depth > 4 ? 9 : 12)
  v = case kind
    when 0 then nil
    when 1 then R.rand < 0.5
    when 2 then R.rand(-300..300)
    when 3 then R.rand(-2**53 + 1..2**53 - 1)
    when 4 then (R.rand - 0.5) * 10.0**R.rand(-12..12)
    when 5 then [:id, :name, :"ü", :long_symbol][R.rand(4)]
    when 6 then ["id", "Zoë", "", "\u2028", "x" * R.rand(300)][R.rand(5)].dup
    when 7 then "ascii#{R.rand(50)}".b
    when 8 then ActiveSupport::SafeBuffer.new("<i>#{R.rand(9)}</i>")
    when 9 then Array.new(R.rand(5)) { value(depth + 1) }
    when 10 then R.rand(4).times.to_h { |i| ["k#{i}#{R.rand(3)}", value(depth + 1)] }
    else ActiveSupport::HashWithIndifferentAccess.new(R.rand(3).times.to_h { |i| ["k#{i}", R.rand(5)] })
  end
  $pool << v
  v
end
out[:random] = Array.new(60) { $pool = []; v = 6.times.to_h { |i| ["key#{i}", value(0)] }; { base64: [Marshal.dump(v)].pack("m0"), json: JSON.generate(v) } }
File.write("#{__dir__}/marshal-fixtures.json", JSON.pretty_generate(out) + "\n")
