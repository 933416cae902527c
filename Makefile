# The commands that people and CI need. Each does its own set-up.

PREFIX ?= /usr/local
SWIFT_BUILD_FLAGS ?=
architecture := $(subst x86_64,amd64,$(shell uname -m))
python := .deps/venv/bin/python
newest_python := .deps/venv-newest/bin/python
# Three processes for two cores; the tests of a file share one.
in_parallel := --numprocesses 3 --dist loadfile

.PHONY: help setup build release demo edge-agent packages test-packages test check test-swift test-clients build-tests run-swift-tests run-client-tests run-newest-client-tests integration simulation test-arm64 test-training fuzz bench bench-edge bench-console bench-cluster accuracy format install install-systemd lint-deployment protobuf clean bench-memory

help:
	@echo 'make demo      build and show the main job'
	@echo 'make test      what CI runs, in minutes'
	@echo 'make check     all tests, in hours'
	@echo 'make release   .build/release/spotter'
	@echo 'make install   into PREFIX ($(PREFIX)), below DESTDIR if set'
	@echo 'make install-systemd  the units of packaging/systemd, in the same way'
	@echo 'make packages  spotter_*.deb, spotter-edge_*.deb and an archive, under .build/packages'
	@echo 'make test-packages  installs, upgrades and purges them in roots of Debian; as root'
	@echo 'make edge-agent the agent for devices of this processor, under .build/edge-agent'
	@echo 'make integration objects on an S3 of Ceph that it starts on loopback'
	@echo 'make test-arm64 a package on ARM64 by emulation'
	@echo 'make test-training the training of the feature backbone; PyTorch, 2 GB and more'
	@echo 'make simulation 10,000 lives of a cluster in which everything fails, from seeds'
	@echo 'make fuzz      100,000 hostile requests, and schemathesis'
	@echo 'make bench     speed and memory of training and detection'
	@echo 'make bench-console  how quick the console is in a browser, and its memory'
	@echo 'make bench-memory  what a server holds after 15 trainings'
	@echo 'make bench-cluster  servers and workers under kill -9, jobs a minute, requests a second'
	@echo 'make accuracy  how good the models are, against baselines; needs ../shared/data'
	@echo 'make lint-deployment  check the files of packaging/'
	@echo 'make format    lay the sources out'

setup:
	@scripts/setup

build: setup
	swift build $(SWIFT_BUILD_FLAGS)

release: setup
	swift build -c release --product spotter $(SWIFT_BUILD_FLAGS)

demo: release
	.build/release/spotter demo $(ARGUMENTS)

# Swift and client tests side by side: most of the latter wait. What is slow and rare is left to
# 'make check'; docs/testing.md says which short case stands for it here.
test: build-tests
	@$(MAKE) --no-print-directory -j 3 --output-sync=target \
		run-swift-tests run-client-tests run-newest-client-tests

test-swift: build-tests
	@$(MAKE) --no-print-directory run-swift-tests

test-clients: build-tests
	@$(MAKE) --no-print-directory run-client-tests run-newest-client-tests

# Everything, in hours: ARGUMENTS is the number of simulated lives, 10,000 by default.
check: test
	@scripts/build-previous
	$(python) -m pytest Tests/Clients -m slow $(in_parallel)
	$(newest_python) -m pytest $(addprefix Tests/Clients/, api/test_resources.py api/test_sdk.py \
		api/test_programs.py s3 greengrass) $(in_parallel)
	$(MAKE) --no-print-directory lint-deployment fuzz test-arm64 integration simulation test-packages
	@if [ -e .deps/venv-training/requirements.txt ]; then $(MAKE) --no-print-directory test-training; fi

# Another S3 is moto's, from the environment of the client tests; PostgreSQL is Debian's. The client
# tests run the executables of this debug build, in which what they need is optimised.
build-tests:
	@scripts/setup --tests
	swift build --build-tests $(SWIFT_BUILD_FLAGS)

# The program that 'swift test' starts, which would plan the whole build again first. A few cases at a
# time: if all began at once, those that wait for something would starve beside those that compute.
run-swift-tests:
	SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=6 scripts/slowest-tests \
		"$$(swift build --show-bin-path $(SWIFT_BUILD_FLAGS))/spotterPackageTests.xctest" \
		--testing-library swift-testing

run-client-tests:
	$(python) -m pytest Tests/Clients -m 'not slow' $(in_parallel)

# The newest SDKs, which learn the API from Spotter.
run-newest-client-tests:
	$(newest_python) -m pytest $(addprefix Tests/Clients/, api/test_sdk.py s3/test_one_endpoint.py) \
		-m 'not slow'

# Debian's Ceph checks signatures and hashes, which moto does not.
integration: setup
	@scripts/setup --integration
	swift build --build-tests $(SWIFT_BUILD_FLAGS)
	scripts/with-radosgw swift test --skip-build --filter S3StorePeerTests

test-arm64: setup
	@scripts/setup --tests
	swift build --product spotter $(SWIFT_BUILD_FLAGS)
	scripts/test-arm64

test-training:
	@scripts/setup --training
	cd training && ../.deps/venv-training/bin/python -m pytest tests

# An hour. Servers, workers and clients on stores that fail; 'ARGUMENTS=500' runs so many. A seed
# that failed is run alone with SPOTTER_SIMULATION_SEED=NUMBER in front of it.
simulation: setup
	swift build --build-tests $(SWIFT_BUILD_FLAGS)
	SPOTTER_SIMULATION_SCHEDULES=$(or $(ARGUMENTS),10000) \
		swift test --skip-build --filter SimulationTests

# A hundred thousand requests that nobody would send, and schemathesis on our own description.
fuzz: setup
	@scripts/setup --fuzz
	swift build --product spotter $(SWIFT_BUILD_FLAGS)
	.deps/venv-fuzz/bin/python Tests/Fuzz/fuzz.py --requests 100000
	.deps/venv-fuzz/bin/python Tests/Fuzz/openapi.py

# The agent with all that a device lacks. Its flags differ, so it has a scratch folder of its own:
# otherwise each of the two builds would compile everything again. On an ARM64 machine the same command makes ARM64's.
edge-agent: setup
	swift build -c release --product spotter-edge --static-swift-stdlib --scratch-path .build-edge \
		$(SWIFT_BUILD_FLAGS)
	scripts/bundle-edge-agent .build-edge/release/spotter-edge .build/edge-agent/$(architecture)

# Both programs with the flags of the agent, in its scratch folder, and argument-parser's own writer
# of manual pages.
packages:
	@scripts/setup --packages
	swift build -c release --product spotter --static-swift-stdlib --scratch-path .build-edge \
		$(SWIFT_BUILD_FLAGS)
	swift build -c release --product spotter-edge --static-swift-stdlib --scratch-path .build-edge \
		$(SWIFT_BUILD_FLAGS)
	swift build -c release --product generate-manual --scratch-path .build-manual \
		--package-path .build-edge/checkouts/swift-argument-parser
	scripts/make-packages .build-edge/release/spotter .build-edge/release/spotter-edge \
		.build-manual/release/generate-manual .build/packages

test-packages: packages
	@scripts/setup --tests
	$(python) -m pytest Tests/Packages -p no:randomly

bench: release
	@scripts/setup --tests
	$(python) Benchmarks/training_and_detection.py

bench-console: release
	@scripts/setup --tests
	$(python) Benchmarks/console.py $(ARGUMENTS)

bench-edge: release edge-agent
	@scripts/setup --tests
	$(python) Benchmarks/edge_agent.py

# Ten minutes. ARGUMENTS='--trainings 1' is quicker.
bench-memory: release
	@scripts/setup --tests
	$(python) Benchmarks/memory_at_rest.py $(ARGUMENTS)

# Ten minutes. ARGUMENTS='--projects 40' is quicker.
bench-cluster: release
	@scripts/setup --benchmarks
	$(python) Benchmarks/cluster.py $(ARGUMENTS)

# An hour. ARGUMENTS='--data cookies --seeds 1 --no-baselines' measures parts.
accuracy: release
	@scripts/setup --accuracy
	.deps/venv-accuracy/bin/python Benchmarks/accuracy.py $(ARGUMENTS)

format:
	swift format --in-place --recursive --parallel Sources Tests Package.swift

install: release
	install -D -m 755 .build/release/spotter $(DESTDIR)$(PREFIX)/bin/spotter
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/spotter share/spotter/backbone-*.onnx
	for folder in templates texts assets; do \
		install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/spotter/console/$$folder \
			share/spotter/console/$$folder/*; done
	if [ -e .deps/share/spotter/backbone-lite0.onnx ]; then \
		install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/spotter .deps/share/spotter/backbone-lite0*; fi
	install -D -m 644 .deps/lib/spotter/libonnxruntime.so \
		$(DESTDIR)$(PREFIX)/lib/spotter/libonnxruntime.so
	if [ -d .build/edge-agent ]; then mkdir -p $(DESTDIR)$(PREFIX)/lib/spotter && \
		cp -r .build/edge-agent $(DESTDIR)$(PREFIX)/lib/spotter/; fi
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/spotter \
		LICENSE .deps/lib/spotter/onnxruntime-LICENSE \
		.deps/lib/spotter/onnxruntime-ThirdPartyNotices.txt

install-systemd:
	for unit in spotter.service spotter-server@.service spotter-worker@.service; do \
		install -D -m 644 packaging/systemd/$$unit \
			$(DESTDIR)$(PREFIX)/lib/systemd/system/$$unit && \
		sed -i 's|/usr/local/|$(PREFIX)/|g' $(DESTDIR)$(PREFIX)/lib/systemd/system/$$unit || \
		exit 1; done
	install -D -m 644 packaging/systemd/spotter.sysusers.conf \
		$(DESTDIR)$(PREFIX)/lib/sysusers.d/spotter.conf
	install -D -m 644 packaging/systemd/spotter.tmpfiles.conf \
		$(DESTDIR)$(PREFIX)/lib/tmpfiles.d/spotter.conf
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/spotter docs/deployment.md \
		packaging/systemd/spotter.env.example packaging/systemd/cluster.env.example

# What is wrong with the files of packaging/, and whether the checks see it when something is.
lint-deployment:
	@scripts/setup --deployment
	.deps/venv-deployment/bin/python packaging/lint
	PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 .deps/venv-deployment/bin/python -m pytest Tests/Deployment

# Needs Debian's protobuf-compiler. The generated files are committed.
protobuf:
	swift build --product protoc-gen-swift
	swift build --product protoc-gen-grpc-swift-2
	protoc --plugin=protoc-gen-swift=.build/debug/protoc-gen-swift \
		--swift_opt=Visibility=Package --swift_opt=UseAccessLevelOnImports=true \
		--swift_opt=FileNaming=DropPath -I Sources/Vision/ONNX \
		--swift_out=Sources/Vision/ONNX onnx.proto
	protoc --plugin=protoc-gen-swift=.build/debug/protoc-gen-swift \
		--plugin=protoc-gen-grpc-swift-2=.build/debug/protoc-gen-grpc-swift-2 \
		--swift_opt=Visibility=Package --swift_opt=UseAccessLevelOnImports=true \
		--swift_opt=FileNaming=DropPath --grpc-swift-2_opt=Visibility=Package \
		--grpc-swift-2_opt=UseAccessLevelOnImports=true --grpc-swift-2_opt=FileNaming=DropPath \
		-I Sources/EdgeProtocol --swift_out=Sources/EdgeProtocol \
		--grpc-swift-2_out=Sources/EdgeProtocol edge_agent.proto attachment.proto

clean:
	rm -rf .build .build-edge .build-manual
