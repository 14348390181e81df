#!/bin/sh
# Brings a machine with Python 3.11, git and make to where the product runs (setup.sh run) or its tests do (setup.sh test).
# Installs only what is missing; a second call with nothing to do takes a fraction of a second.
set -eu
cd "$(dirname "$0")/.."
kind=${1:-run}

run_packages="libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fontconfig fonts-noto-cjk fonts-lxgw-wenkai fonts-babelstone-han"
test_packages="chromium poppler-utils libatomic1 postgresql"

say() { printf '%s\n' "$*" >&2; }

python=""
for candidate in python3.11 python3.12 python3.13 python3; do
    if command -v "$candidate" >/dev/null 2>&1 &&
        "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    say "需要 Python 3.11 或更新 / Python 3.11 or newer is needed: apt-get install python3"
    exit 2
fi

missing_packages() {
    wanted=$run_packages
    [ "$kind" = test ] && wanted="$wanted $test_packages"
    "$python" -c 'import ensurepip, venv' 2>/dev/null || wanted="$wanted python3-venv"
    for package in $wanted; do
        case $package in
            postgresql) ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 && continue ;;
        esac
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || printf ' %s' "$package"
    done
}

if command -v dpkg-query >/dev/null 2>&1; then
    missing=$(missing_packages)
    if [ -n "$missing" ]; then
        root=""
        if [ "$(id -u)" -ne 0 ]; then
            if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
                root="sudo"
            else
                say "缺少系统软件包，请管理员运行 / packages are missing, ask the administrator to run:"
                say "  apt-get install --no-install-recommends$missing"
                exit 2
            fi
        fi
        say "安装系统软件包 / installing packages:$missing"
        # A database server for the tests must not start a cluster of its own.
        case $missing in *postgresql*)
            $root mkdir -p /etc/postgresql-common
            [ -e /etc/postgresql-common/createcluster.conf ] ||
                echo 'create_main_cluster = false' | $root tee /etc/postgresql-common/createcluster.conf >/dev/null ;;
        esac
        export DEBIAN_FRONTEND=noninteractive
        # shellcheck disable=SC2086
        install="$root apt-get -o DPkg::Lock::Timeout=300 -qq -y --no-install-recommends install $missing"
        $install >/dev/null 2>&1 || { $root apt-get -o DPkg::Lock::Timeout=300 -qq update && $install >/dev/null; }
    fi
else
    say "没有 dpkg：请自备 Pango、HarfBuzz 和中文字体，见 docs/develop.md / no dpkg here, see docs/develop.md"
fi

if [ ! -x .venv/bin/python ]; then
    "$python" -m venv .venv
fi
locks="requirements.lock"
[ "$kind" = test ] && locks="requirements.lock requirements-dev.lock"
stamp=".venv/stamp-$kind"
# shellcheck disable=SC2086
wanted=$(cat $locks pyproject.toml | sha256sum)
if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$wanted" ]; then
    say "安装 Python 库 / installing libraries"
    files=""
    for lock in $locks; do files="$files -r $lock"; done
    # shellcheck disable=SC2086
    .venv/bin/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes --only-binary :all: $files
    .venv/bin/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
    printf '%s' "$wanted" >"$stamp"
fi
catalogue=lms/translations/en/LC_MESSAGES/messages
if [ -f "$catalogue.po" ] && { [ ! -f "$catalogue.mo" ] || [ "$catalogue.po" -nt "$catalogue.mo" ]; }; then
    .venv/bin/pybabel -q compile -f -d lms/translations
fi
